import { MacError } from '../errors.ts'
import { isBlank } from './characters.ts'
import { repeatedCredentials } from './header-faults.ts'
import {
  QUOTE,
  readName,
  readQuoted,
  readSeparator,
  readUnquoted,
  skipBlanks,
} from './header-scan.ts'
import { checkCharacters, checkParameter, type MacAuthorization } from './parameters.ts'
import { readPlainForm } from './plain-form.ts'
import { splitList, trimBlanks } from './split-list.ts'

/** The longest `Authorization` header that is read, in characters. */
export const MAX_HEADER_LENGTH = 8192

type Draft = { -readonly [Name in keyof MacAuthorization]: MacAuthorization[Name] | undefined }

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
    if (comesBehindAnother(header)) throw repeatedCredentials()
    return null
  }
  if (header.length > MAX_HEADER_LENGTH) {
    throw new MacError(
      'ERR_MAC_HEADER_TOO_LONG',
      `The Authorization header has ${header.length} characters; ${MAX_HEADER_LENGTH} are allowed.`,
    )
  }
  return readPlainForm(header) ?? readAnyForm(header)
}

function readAnyForm(header: string): MacAuthorization {
  const found: Draft = {
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
    keep(found, header.slice(at, equals), header.slice(start, end))
    at = readSeparator(header, quoted ? end + 1 : end)
  }
  return complete(found)
}

/** Two header fields reach most handlers as one, joined by a comma: `Basic eA==, MAC id="…"`. */
function comesBehindAnother(header: string): boolean {
  if (header.length > MAX_HEADER_LENGTH || !header.includes(',')) return false
  const [, ...others] = splitList(header, ',') ?? header.split(',')
  return others.some((other) => startsWithScheme(trimBlanks(other)))
}

/** Whether the scheme is `MAC`, in any case (RFC 9110 §11.1). */
function startsWithScheme(header: string): boolean {
  return (
    (header.startsWith('MAC') || header.slice(0, 3).toUpperCase() === 'MAC') &&
    (header.length === 3 || isBlank(header.charCodeAt(3)))
  )
}

function keep(found: Draft, written: string, value: string): void {
  const name = isParameter(written) ? written : written.toLowerCase()
  if (!isParameter(name)) return
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

function isParameter(name: string): name is keyof MacAuthorization {
  return name === 'id' || name === 'ts' || name === 'nonce' || name === 'ext' || name === 'mac'
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

/**
 * Writes the value of an `Authorization` header (draft §3.1), every value quoted.
 *
 * @throws {@link MacError} where a value cannot be sent, with the code that reading it would give.
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
