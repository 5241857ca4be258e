import { MacError } from '../errors.ts'
import { forbiddenCharacter, isBase64, nameCharacter } from './text.ts'

/** The parameters of an `Authorization: MAC` header (draft §3.1), as they were sent. */
export interface MacAuthorization {
  /** The MAC key identifier. */
  readonly id: string
  /** Seconds from a fixed point, 1970 in practice. The literal string is what is signed. */
  readonly ts: string
  /** Unique among the requests with the same `ts` and `id`. */
  readonly nonce: string
  /** What the application adds to be covered by the MAC; `null` where it is absent or empty. */
  readonly ext: string | null
  /** The MAC, in base64 with padding. */
  readonly mac: string
}

/** The longest key identifier, in characters: some deployments put a whole token there. */
export const MAX_ID_LENGTH = 1024
/** The longest nonce, in characters. Every accepted one is written to the store. */
export const MAX_NONCE_LENGTH = 512
const TIMESTAMP = /^[1-9][0-9]{0,15}$/

/** The year 5138, in seconds since 1970. A larger number is more likely one of milliseconds. */
export const LATEST_PLAUSIBLE = 100_000_000_000

/** Whether `value` is a timestamp: a positive integer of 16 digits at the most, as it is written. */
export function isTimestamp(value: string): boolean {
  return TIMESTAMP.test(value)
}

/** The parameters that every header has. */
type RequiredName = 'id' | 'ts' | 'nonce' | 'mac'

/**
 * Refuses a value that may not stand for one of the required parameters. What characters it is made
 * of is *not* looked at where the header's grammar says it already: see {@link checkCharacters}.
 */
export function checkParameter(name: RequiredName, value: string): void {
  if (value === '') {
    throw new MacError('ERR_MAC_PARAMETER_EMPTY', `The parameter ${name} is empty.`)
  }
  switch (name) {
    case 'id':
      checkLength(name, value, MAX_ID_LENGTH)
      return
    case 'nonce':
      checkLength(name, value, MAX_NONCE_LENGTH)
      return
    case 'ts':
      if (!isTimestamp(value)) throw new MacError('ERR_MAC_TIMESTAMP_SYNTAX', badTimestamp(value))
      return
    case 'mac':
      if (!isBase64(value)) {
        throw new MacError(
          'ERR_MAC_ENCODING',
          'The parameter mac is not base64 in the standard alphabet with padding.',
        )
      }
  }
}

/** Refuses a value that holds a character which cannot be sent (draft §3.1). */
export function checkCharacters(name: string, value: string): void {
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  throw new MacError(
    'ERR_MAC_HEADER_CHARACTER',
    `The parameter ${name} holds ${nameCharacter(forbidden)}, which cannot be sent.`,
  )
}

function checkLength(name: string, value: string, longest: number): void {
  if (value.length <= longest) return
  throw new MacError(
    'ERR_MAC_PARAMETER_TOO_LONG',
    `The parameter ${name} has ${value.length} characters; ${longest} are allowed.`,
  )
}

function badTimestamp(value: string): string {
  const rule = 'The parameter ts must be a positive whole number of seconds'
  if (/^[+-]/.test(value)) return `${rule}: it has a sign.`
  if (/^[0-9]+[.,][0-9]+$/.test(value)) return `${rule}: it has a decimal point.`
  if (!/^[0-9]+$/.test(value)) return `${rule}: it is not made of digits alone.`
  if (/^0+$/.test(value)) return `${rule}: it is zero.`
  if (value.startsWith('0')) return `${rule}: it has a leading zero.`
  return `${rule}: it has ${value.length} digits, and 16 are allowed.`
}
