import { MacError } from '../errors.ts'
import { forbiddenCharacter, isBlank, isPlain, isToken, nameCharacter } from './characters.ts'
import { checkParameter, type MacAuthorization } from './parameters.ts'

/** The longest `Authorization` header that is read, in characters. */
export const MAX_HEADER_LENGTH = 8192

const QUOTE = 0x22
const COMMA = 0x2c
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/** Two header fields reach most handlers as one, joined by a comma: `Basic eA==, MAC id="…"`. */
const BEHIND_ANOTHER = /,[ \t]*MAC[ \t]/i

type Draft = { -readonly [Name in keyof MacAuthorization]?: MacAuthorization[Name] }

/**
 * Reads the value of an `Authorization` header (draft §3.1) in one pass.
 *
 * Parameters may come in any order and any case, quoted or not; unknown ones are ignored; an empty
 * `ext` counts as none. It does *not* look at whether the credential exists, the MAC is right, or
 * the timestamp is recent.
 *
 * @param header The header's value, or `null` where there is none.
 * @returns The parameters, or `null` where no MAC credentials were sent (no header, or another
 *   scheme such as `Bearer`).
 * @throws {@link MacError} where MAC credentials were sent and are malformed: each fault has a code
 *   and a message of its own.
 */
export function parseAuthorization(header: string | null): MacAuthorization | null {
  if (header === null) return null
  if (!startsWithScheme(header)) {
    if (BEHIND_ANOTHER.test(header)) throw repeated()
    return null
  }
  if (header.length > MAX_HEADER_LENGTH) {
    throw new MacError(
      'ERR_MAC_HEADER_TOO_LONG',
      `The Authorization header has ${header.length} characters; ${MAX_HEADER_LENGTH} are allowed.`,
    )
  }
  const found: Draft = {}
  let at = skipBlanks(header, 3)
  while (at < header.length) {
    const equals = readName(header, at, found)
    const quoted = header.charCodeAt(equals + 1) === QUOTE
    const start = quoted ? equals + 2 : equals + 1
    const end = quoted ? readQuoted(header, start) : readUnquoted(header, start)
    keep(found, header.slice(at, equals), header.slice(start, end))
    at = readSeparator(header, quoted ? end + 1 : end)
  }
  return complete(found)
}

/** Whether the scheme is `MAC`, in any case (RFC 9110 §11.1). */
function startsWithScheme(header: string): boolean {
  return (
    header.slice(0, 3).toUpperCase() === 'MAC' &&
    (header.length === 3 || isBlank(header.charCodeAt(3)))
  )
}

function skipBlanks(header: string, from: number): number {
  let at = from
  while (isBlank(header.charCodeAt(at))) at++
  return at
}

/** Reads a parameter's name; returns the place of the `=` behind it. */
function readName(header: string, start: number, found: Draft): number {
  let at = start
  while (isToken(header.charCodeAt(at))) at++
  if (at > start && header.charCodeAt(at) === EQUALS) return at
  if (at === header.length) throw syntax('a parameter has no value')
  const next = header.charCodeAt(at)
  if (at > start && isBlank(next)) {
    if (header.charCodeAt(skipBlanks(header, at)) === EQUALS) {
      throw syntax('there is white space before "="')
    }
    throw found.id === undefined && found.mac === undefined
      ? syntax('a parameter has no value')
      : repeated()
  }
  if (next === SEMICOLON) throw semicolon()
  if (next === COMMA)
    throw syntax(at === start ? 'a comma stands alone' : 'a parameter has no value')
  throw character(header, at)
}

/** Finds the quote that ends a quoted value. */
function readQuoted(header: string, start: number): number {
  let at = start
  while (isPlain(header.charCodeAt(at))) at++
  if (at === header.length) throw syntax('a quoted value has no closing quote')
  if (header.charCodeAt(at) !== QUOTE) throw character(header, at)
  return at
}

/**
 * Finds the end of an unquoted value. The grammar would let spaces, commas and semicolons stand in
 * it, but then nobody could tell where it ends: a value with one of these must be quoted.
 */
function readUnquoted(header: string, start: number): number {
  let at = start
  for (; at < header.length; at++) {
    const code = header.charCodeAt(at)
    if (code === COMMA || isBlank(code)) break
    if (code === SEMICOLON) throw semicolon()
    if (!isPlain(code)) throw character(header, at)
  }
  if (at === start && isBlank(header.charCodeAt(at))) throw syntax('there is white space after "="')
  return at
}

/** Passes the comma between two parameters; returns where the next one starts, or the end. */
function readSeparator(header: string, from: number): number {
  const at = skipBlanks(header, from)
  if (at === header.length) return at
  const code = header.charCodeAt(at)
  if (code === COMMA) {
    const next = skipBlanks(header, at + 1)
    if (next === header.length) throw syntax('it ends with a comma')
    return next
  }
  if (code === SEMICOLON) throw semicolon()
  if (at === from && !startsParameter(header, at)) {
    throw new MacError(
      'ERR_MAC_HEADER_CHARACTER',
      'A value holds a double quote (U+0022), which cannot be sent: the grammar has no escapes.',
    )
  }
  if (!isToken(code)) throw character(header, at)
  throw new MacError(
    'ERR_MAC_HEADER_SEPARATOR',
    'A comma is missing between two parameters of the Authorization header.',
  )
}

function startsParameter(header: string, start: number): boolean {
  let at = start
  while (isToken(header.charCodeAt(at))) at++
  return at > start && header.charCodeAt(at) === EQUALS
}

function keep(found: Draft, written: string, value: string): void {
  const name = written.toLowerCase()
  if (name !== 'id' && name !== 'ts' && name !== 'nonce' && name !== 'ext' && name !== 'mac') return
  if (found[name] !== undefined) {
    throw new MacError(
      'ERR_MAC_PARAMETER_REPEATED',
      `The parameter ${name} is there more than once in the Authorization header.`,
    )
  }
  if (name === 'ext') {
    found.ext = value === '' ? null : value
    return
  }
  checkParameter(name, value)
  found[name] = value
}

function complete(found: Draft): MacAuthorization {
  const { id, ts, nonce, ext = null, mac } = found
  if (id === undefined) throw missing('id')
  if (ts === undefined) throw missing('ts')
  if (nonce === undefined) throw missing('nonce')
  if (mac === undefined) throw missing('mac')
  return { id, ts, nonce, ext, mac }
}

function missing(name: string): MacError {
  return new MacError(
    'ERR_MAC_PARAMETER_MISSING',
    `The Authorization header lacks the parameter ${name}.`,
  )
}

function syntax(what: string): MacError {
  return new MacError('ERR_MAC_HEADER_SYNTAX', `The Authorization header is malformed: ${what}.`)
}

function repeated(): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIALS_REPEATED',
    'More than one set of credentials was sent. Send one Authorization header with one set.',
  )
}

function semicolon(): MacError {
  return new MacError(
    'ERR_MAC_HEADER_SEPARATOR',
    'The parameters of the Authorization header are separated by ";": use commas.',
  )
}

function character(header: string, at: number): MacError {
  const found = nameCharacter(header.slice(at, at + 1))
  return new MacError(
    'ERR_MAC_HEADER_CHARACTER',
    `The Authorization header holds ${found} at position ${at}, where it is not allowed.`,
  )
}

/**
 * Writes the value of an `Authorization` header (draft §3.1), every value quoted.
 *
 * @throws {@link MacError} where a value cannot be sent, with the code that reading it would give.
 */
export function formatAuthorization(parameters: MacAuthorization): string {
  const { id, ts, nonce, ext, mac } = parameters
  checkParameter('id', id)
  checkParameter('ts', ts)
  checkParameter('nonce', nonce)
  checkParameter('mac', mac)
  const forbidden = ext === null ? null : forbiddenCharacter(ext)
  if (forbidden !== null) {
    throw new MacError(
      'ERR_MAC_HEADER_CHARACTER',
      `The parameter ext holds ${nameCharacter(forbidden)}, which cannot be sent.`,
    )
  }
  const covered = ext === null || ext === '' ? '' : `ext="${ext}", `
  const header = `MAC id="${id}", ts="${ts}", nonce="${nonce}", ${covered}mac="${mac}"`
  if (header.length > MAX_HEADER_LENGTH) {
    throw new MacError(
      'ERR_MAC_HEADER_TOO_LONG',
      `The Authorization header would have ${header.length} characters; ${MAX_HEADER_LENGTH} are allowed.`,
    )
  }
  return header
}
