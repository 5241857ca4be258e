import { MacError } from '../errors.ts'
import { forbiddenCharacter, isBase64, nameCharacter } from './characters.ts'

/** The parameters of an `Authorization: MAC` header (draft §3.1), unchanged. */
export interface MacAuthorization {
  /** The MAC key identifier. */
  readonly id: string
  /** Seconds from a fixed time, in practice 1970. The MAC covers this string as it is written. */
  readonly ts: string
  /** Unique among the requests with the same `ts` and `id`. */
  readonly nonce: string
  /** A text of the application that the MAC covers; `null` if it is absent or empty. */
  readonly ext: string | null
  /** The MAC, in base64 with padding. */
  readonly mac: string
}

/** The maximum length of an `Authorization` header, in characters. */
export const MAX_HEADER_LENGTH = 8192
/** The maximum length of a key identifier, in characters. Some deployments use a whole token. */
export const MAX_ID_LENGTH = 1024
/** The maximum length of a nonce, in characters. */
export const MAX_NONCE_LENGTH = 512
/** The year 5138, in seconds since 1970. A larger number is probably in milliseconds. */
export const MAX_PLAUSIBLE_SECONDS = 100_000_000_000

/** The pattern of a timestamp, to build regular expressions from. */
export const TIMESTAMP = '[1-9][0-9]{0,15}'
const ONLY_TIMESTAMP = new RegExp(`^${TIMESTAMP}$`)

/** Whether `value` is a timestamp: a positive integer of at most 16 digits, without leading zeros. */
export function isTimestamp(value: string): boolean {
  return ONLY_TIMESTAMP.test(value)
}

/** The required parameters. */
type RequiredName = 'id' | 'ts' | 'nonce' | 'mac'

/**
 * Throws if a value is not valid for a required parameter. It does *not* check the characters of `id` and
 * `nonce`, which the parser of the header does: see {@link checkCharacters}.
 */
export function checkParameter(name: RequiredName, value: string): void {
  checkNotEmpty(name, value)
  if (name === 'id' || name === 'nonce') {
    checkLength(name, value)
  } else if (name === 'ts') {
    if (!isTimestamp(value)) {
      throw new MacError('ERR_MAC_TIMESTAMP_SYNTAX', describeTimestamp(value))
    }
  } else if (!isBase64(value)) {
    throw new MacError('ERR_MAC_ENCODING', 'The parameter mac is neither base64 nor base64url.')
  }
}

/** Throws if a nonce is empty, too long, or has a character that cannot be sent. */
export function checkNonce(nonce: string): void {
  checkNotEmpty('nonce', nonce)
  checkLength('nonce', nonce)
  checkCharacters('nonce', nonce)
}

function checkNotEmpty(name: RequiredName, value: string): void {
  if (value !== '') return
  throw new MacError('ERR_MAC_PARAMETER_EMPTY', `The parameter ${name} is empty.`)
}

/**
 * Returns the value of an `Authorization` header as `formatAuthorization` does, but does *not* check the
 * values: they must have been checked before.
 *
 * @throws {@link MacError} `ERR_MAC_HEADER_TOO_LONG`
 */
export function joinAuthorization({ id, ts, nonce, ext, mac }: MacAuthorization): string {
  const covered = ext === null || ext === '' ? '' : `ext="${ext}", `
  const header = `MAC id="${id}", ts="${ts}", nonce="${nonce}", ${covered}mac="${mac}"`
  if (header.length <= MAX_HEADER_LENGTH) return header
  throw new MacError(
    'ERR_MAC_HEADER_TOO_LONG',
    `The Authorization header would have ${header.length} characters; at most ${MAX_HEADER_LENGTH} are allowed.`,
  )
}

/** Throws if a value contains a character that cannot be sent (draft §3.1). */
export function checkCharacters(name: string, value: string): void {
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  throw new MacError(
    'ERR_MAC_HEADER_CHARACTER',
    `The parameter ${name} holds ${nameCharacter(forbidden)}, which cannot be sent.`,
  )
}

function checkLength(name: 'id' | 'nonce', value: string): void {
  const maxLength = name === 'id' ? MAX_ID_LENGTH : MAX_NONCE_LENGTH
  if (value.length <= maxLength) return
  throw new MacError(
    'ERR_MAC_PARAMETER_TOO_LONG',
    `The parameter ${name} has ${value.length} characters; at most ${maxLength} are allowed.`,
  )
}

/** Says why a value is not a timestamp. */
function describeTimestamp(value: string): string {
  const rule = 'The parameter ts must be a positive whole number of seconds'
  if (/^[+-]/.test(value)) return `${rule}: it has a sign.`
  if (/^[0-9]+[.,][0-9]+$/.test(value)) return `${rule}: it has a decimal point.`
  if (!/^[0-9]+$/.test(value)) return `${rule}: it has characters that are not digits.`
  if (/^0+$/.test(value)) return `${rule}: it is zero.`
  if (value.startsWith('0')) return `${rule}: it has a leading zero.`
  return `${rule}: it has ${value.length} digits; at most 16 are allowed.`
}
