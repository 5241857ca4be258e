import { MacError } from '../errors.ts'
import {
  COMMA,
  EQUALS,
  isBase64,
  isBlankCode,
  isPlainStringCode,
  isTokenCode,
  nameCharacter,
  PLAIN_STRING,
  QUOTE,
  SEMICOLON,
  splitList,
  standardBase64,
  trimBlanks,
} from './characters.ts'
import {
  checkCharacters,
  checkParameter,
  joinAuthorization,
  MAX_HEADER_LENGTH,
  MAX_ID_LENGTH,
  MAX_NONCE_LENGTH,
  type MacAuthorization,
  TIMESTAMP,
} from './parameters.ts'

/**
 * A header in the common form: see {@link readCommonForm}. The characters of `mac` are checked separately,
 * because Node takes three times as long for a pattern that ends in padding.
 */
const COMMON_FORM = new RegExp(
  `^MAC +id="([${PLAIN_STRING}]+)", *ts="(${TIMESTAMP})", *nonce="([${PLAIN_STRING}]+)", *` +
    `(?:ext="([${PLAIN_STRING}]*)", *)?mac="([${PLAIN_STRING}]+)"$`,
)

/**
 * Parses the value of an `Authorization` header (draft §3.1).
 *
 * Parameters may be in any order, quoted or not, and their names in upper or lower case. Unknown
 * parameters are ignored. An empty `ext` counts as none. The MAC may be in base64 or base64url, with or
 * without padding: it is returned in base64 with padding. It does *not* check that the credential exists,
 * that the MAC is right, or that the timestamp is recent.
 *
 * @param header The header's value, or `null` if there is none.
 * @returns The parameters, or `null` if no MAC credentials were sent (no header, or another
 *   scheme such as `Bearer`).
 * @throws {@link MacError} if MAC credentials were sent but are malformed. Each fault has its own message.
 */
export function parseAuthorization(header: string | null): MacAuthorization | null {
  if (header === null) return null
  const common = header.length > MAX_HEADER_LENGTH ? null : readCommonForm(header)
  if (common !== null) return common
  if (!startsWithScheme(header)) {
    if (followsAnotherScheme(header)) throw repeatedCredentialsError()
    return null
  }
  if (header.length > MAX_HEADER_LENGTH) {
    throw new MacError(
      'ERR_MAC_HEADER_TOO_LONG',
      `The Authorization header has ${header.length} characters; at most ${MAX_HEADER_LENGTH} are allowed.`,
    )
  }
  return readAnyForm(header)
}

/**
 * Parses an `Authorization: MAC` header in the form that nearly all clients send: `MAC`, names in lower case
 * and in the draft's order, quoted values, separated by a comma and spaces, and no unknown parameter.
 *
 * It takes a third of the time of {@link readAnyForm}, because it does not find out what is wrong with a
 * header.
 *
 * @param header At most {@link MAX_HEADER_LENGTH} characters.
 * @returns What {@link readAnyForm} would return, or `null` if the header has another form or a fault. Then
 *   {@link readAnyForm} must read it.
 */
export function readCommonForm(header: string): MacAuthorization | null {
  const match = COMMON_FORM.exec(header)
  if (match === null) return null
  const [, id = '', ts = '', nonce = '', ext = '', mac = ''] = match
  if (id.length > MAX_ID_LENGTH || nonce.length > MAX_NONCE_LENGTH || !isBase64(mac)) return null
  return { id, ts, nonce, ext: ext === '' ? null : ext, mac }
}

/**
 * Whether MAC credentials follow those of another scheme: `Basic eA==, MAC id="…"`. Most runtimes join two
 * header fields in this way.
 */
function followsAnotherScheme(header: string): boolean {
  if (header.length > MAX_HEADER_LENGTH || !header.includes(',')) return false
  const [, ...others] = splitList(header, ',') ?? header.split(',')
  return others.some((other) => startsWithScheme(trimBlanks(other)))
}

/** Whether the scheme is `MAC`, in any case (RFC 9110 §11.1). */
function startsWithScheme(header: string): boolean {
  return (
    (header.startsWith('MAC') || header.slice(0, 3).toUpperCase() === 'MAC') &&
    (header.length === 3 || isBlankCode(header.charCodeAt(3)))
  )
}

/** The parameters that were found so far. */
type FoundParameters = {
  -readonly [Name in keyof MacAuthorization]: MacAuthorization[Name] | undefined
}

/** Parses a header in every form that the draft allows. Throws an error that says what is wrong with it. */
function readAnyForm(header: string): MacAuthorization {
  const found: FoundParameters = {
    id: undefined,
    ts: undefined,
    nonce: undefined,
    ext: undefined,
    mac: undefined,
  }
  let at = skipBlanks(header, 3)
  while (at < header.length) {
    const equals = readName(header, at, found.mac !== undefined || found.id !== undefined)
    const quoted = header.charCodeAt(equals + 1) === QUOTE
    const start = quoted ? equals + 2 : equals + 1
    const end = quoted ? readQuoted(header, start) : readUnquoted(header, start)
    addParameter(found, header.slice(at, equals), header.slice(start, end))
    at = readSeparator(header, quoted ? end + 1 : end)
  }
  return requireAll(found)
}

function addParameter(found: FoundParameters, written: string, value: string): void {
  const name = isParameter(written) ? written : written.toLowerCase()
  if (!isParameter(name)) return
  if (found[name] !== undefined) {
    throw new MacError(
      'ERR_MAC_PARAMETER_REPEATED',
      `The parameter ${name} occurs more than once in the Authorization header.`,
    )
  }
  if (name === 'ext') {
    found.ext = value === '' ? null : value
    return
  }
  const read = name === 'mac' ? standardBase64(value) : value
  checkParameter(name, read)
  found[name] = read
}

function isParameter(name: string): name is keyof MacAuthorization {
  return name === 'id' || name === 'ts' || name === 'nonce' || name === 'ext' || name === 'mac'
}

/** Returns the parameters. Only `ext` may be missing. */
function requireAll(found: FoundParameters): MacAuthorization {
  const { id, ts, nonce, ext = null, mac } = found
  if (id === undefined) throw missingParameterError('id')
  if (ts === undefined) throw missingParameterError('ts')
  if (nonce === undefined) throw missingParameterError('nonce')
  if (mac === undefined) throw missingParameterError('mac')
  return { id, ts, nonce, ext, mac }
}

// Each of the next functions takes a position in a header, and returns the position after what it has read.

function skipBlanks(header: string, from: number): number {
  let at = from
  while (isBlankCode(header.charCodeAt(at))) at++
  return at
}

/**
 * Reads a parameter's name. Returns the position of the `=` after it.
 *
 * @param hasParameters Whether there were parameters before. Then a word without a value is the scheme of a
 *   second set of credentials.
 */
function readName(header: string, start: number, hasParameters: boolean): number {
  const at = skipToken(header, start)
  if (at > start && header.charCodeAt(at) === EQUALS) return at
  if (at === header.length) throw syntaxError('a parameter has no value')
  const next = header.charCodeAt(at)
  if (at > start && isBlankCode(next)) {
    const following = header.charCodeAt(skipBlanks(header, at))
    if (following === EQUALS) throw syntaxError('there is white space before "="')
    throw hasParameters && isTokenCode(following)
      ? repeatedCredentialsError()
      : syntaxError('a parameter has no value')
  }
  if (next === SEMICOLON) throw semicolonError()
  if (next === COMMA) {
    throw syntaxError(
      at === start ? 'there is no parameter before a comma' : 'a parameter has no value',
    )
  }
  throw characterError(header, at)
}

function skipToken(header: string, from: number): number {
  let at = from
  while (isTokenCode(header.charCodeAt(at))) at++
  return at
}

/** Finds the quote that ends a quoted value. */
function readQuoted(header: string, start: number): number {
  let at = start
  while (isPlainStringCode(header.charCodeAt(at))) at++
  if (at === header.length) throw syntaxError('a quoted value has no closing quote')
  if (header.charCodeAt(at) !== QUOTE) throw characterError(header, at)
  return at
}

/**
 * Finds the end of an unquoted value. The grammar allows spaces, commas and semicolons in it, but then
 * its end would not be clear. So a value with one of these must be quoted.
 */
function readUnquoted(header: string, start: number): number {
  let at = start
  for (; at < header.length; at++) {
    const code = header.charCodeAt(at)
    if (code === COMMA || isBlankCode(code)) break
    if (code === SEMICOLON) throw semicolonError()
    if (!isPlainStringCode(code)) throw characterError(header, at)
  }
  if (at === start && isBlankCode(header.charCodeAt(at))) {
    throw syntaxError('there is white space after "="')
  }
  return at
}

/** Skips the comma between two parameters. Returns the start of the next one, or the end of the header. */
function readSeparator(header: string, from: number): number {
  const at = skipBlanks(header, from)
  if (at === header.length) return at
  const code = header.charCodeAt(at)
  if (code === COMMA) {
    const next = skipBlanks(header, at + 1)
    if (next === header.length) throw syntaxError('it ends with a comma')
    return next
  }
  if (code === SEMICOLON) throw semicolonError()
  if (at === from && !startsParameter(header, at)) {
    throw new MacError(
      'ERR_MAC_HEADER_CHARACTER',
      'A value holds a double quote (U+0022), which cannot be sent: the grammar has no escapes.',
    )
  }
  if (!isTokenCode(code)) throw characterError(header, at)
  throw new MacError(
    'ERR_MAC_HEADER_SEPARATOR',
    'A comma is missing between two parameters of the Authorization header.',
  )
}

function startsParameter(header: string, start: number): boolean {
  const at = skipToken(header, start)
  return at > start && header.charCodeAt(at) === EQUALS
}

/**
 * Returns the value of an `Authorization` header (draft §3.1), with all values quoted.
 *
 * @throws {@link MacError} if a value cannot be sent. The code is the one that {@link parseAuthorization}
 *   throws for it.
 */
export function formatAuthorization(parameters: MacAuthorization): string {
  const { id, ts, nonce, ext, mac } = parameters
  checkParameter('id', id)
  checkCharacters('id', id)
  checkParameter('ts', ts)
  checkParameter('nonce', nonce)
  checkCharacters('nonce', nonce)
  checkParameter('mac', mac)
  if (ext !== null) checkCharacters('ext', ext)
  return joinAuthorization(parameters)
}

function syntaxError(what: string): MacError {
  return new MacError('ERR_MAC_HEADER_SYNTAX', `The Authorization header is malformed: ${what}.`)
}

function missingParameterError(name: string): MacError {
  return new MacError(
    'ERR_MAC_PARAMETER_MISSING',
    `The Authorization header lacks the parameter ${name}.`,
  )
}

function repeatedCredentialsError(): MacError {
  return new MacError(
    'ERR_MAC_CREDENTIALS_REPEATED',
    'More than one set of credentials was sent. Send one Authorization header with one set.',
  )
}

function semicolonError(): MacError {
  return new MacError(
    'ERR_MAC_HEADER_SEPARATOR',
    'The parameters of the Authorization header are separated by ";": use commas.',
  )
}

function characterError(header: string, at: number): MacError {
  const found = nameCharacter(header.slice(at, at + 1))
  return new MacError(
    'ERR_MAC_HEADER_CHARACTER',
    `The Authorization header holds ${found} at position ${at}, where it is not allowed.`,
  )
}
