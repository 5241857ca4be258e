import { MacError } from '../errors.ts'
import { isBlank, isPlain, isToken } from './characters.ts'
import { character, repeatedCredentials, semicolon, syntax } from './header-faults.ts'

// Each function takes a place in a header and returns the place behind what it passed.

/** The code of the character that quotes a value. */
export const QUOTE = 0x22
const COMMA = 0x2c
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/** Passes spaces and tabs. */
export function skipBlanks(header: string, from: number): number {
  let at = from
  while (isBlank(header.charCodeAt(at))) at++
  return at
}

/**
 * Reads a parameter's name; returns the place of the `=` behind it.
 *
 * @param behindOthers Whether the header has brought parameters before: then a word without a value
 *   is the scheme of a second set of credentials.
 */
export function readName(header: string, start: number, behindOthers: boolean): number {
  let at = start
  while (isToken(header.charCodeAt(at))) at++
  if (at > start && header.charCodeAt(at) === EQUALS) return at
  if (at === header.length) throw syntax('a parameter has no value')
  const next = header.charCodeAt(at)
  if (at > start && isBlank(next)) {
    const behind = header.charCodeAt(skipBlanks(header, at))
    if (behind === EQUALS) throw syntax('there is white space before "="')
    throw behindOthers && isToken(behind)
      ? repeatedCredentials()
      : syntax('a parameter has no value')
  }
  if (next === SEMICOLON) throw semicolon()
  if (next === COMMA)
    throw syntax(at === start ? 'a comma stands alone' : 'a parameter has no value')
  throw character(header, at)
}

/** Finds the quote that ends a quoted value. */
export function readQuoted(header: string, start: number): number {
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
export function readUnquoted(header: string, start: number): number {
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
export function readSeparator(header: string, from: number): number {
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
