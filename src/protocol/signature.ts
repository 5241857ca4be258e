import { MacError } from '../errors.ts'
import { isVisible, PLAIN_STRING_CHARACTERS } from './characters.ts'
import type { Authority } from './host.ts'

/** The MAC algorithms that the draft defines (draft §3.3). */
export type MacAlgorithm = 'hmac-sha-1' | 'hmac-sha-256'

/** The algorithms, best first. */
export const MAC_ALGORITHMS: readonly MacAlgorithm[] = ['hmac-sha-256', 'hmac-sha-1']

/**
 * Whether a MAC that was sent is the expected one.
 *
 * The time depends only on the expected length, which is public, and not on where the two differ: it compares
 * every character, and collects the differences without a branch.
 */
export function macsAreEqual(sent: string, expected: string): boolean {
  let difference = sent.length ^ expected.length
  // Past the end of `sent`, charCodeAt is NaN, which the operator turns into 0.
  for (let at = 0; at < expected.length; at++) {
    difference |= sent.charCodeAt(at) ^ expected.charCodeAt(at)
  }
  return difference === 0
}

/** The method, target, host and port that the MAC covers (draft §3.2.1). */
export interface RequestElements extends Authority {
  readonly method: string
  /** The request-URI, byte for byte, as far as the runtime shows it. */
  readonly target: string
}

/** Everything that the MAC covers (draft §3.2.1). */
export interface CoveredRequest extends RequestElements {
  readonly ts: string
  readonly nonce: string
  /** `null` or the empty string if there is none: both give the same request string. */
  readonly ext: string | null
}

/**
 * Returns the normalized request string (draft §3.2.1): timestamp, nonce, method in upper case, request-URI,
 * host in lower case, port and `ext`, each followed by one line feed, also if empty.
 *
 * The printed example of the draft joins them with CR LF, which is wrong by the draft's own rules.
 *
 * Two requests that differ in anything that the MAC covers have different strings. So an element with a line
 * feed is rejected, and a method or a host with characters outside ASCII, because two of them could become
 * equal by the change of case. It does *not* check anything else.
 *
 * @throws {@link MacError} `ERR_MAC_METHOD`, `ERR_MAC_HOST` or `ERR_MAC_TARGET`.
 */
export function requestString(request: CoveredRequest): string {
  const { method, host } = request
  if (!isVisible(method)) throw new MacError('ERR_MAC_METHOD')
  if (!isVisible(host)) throw new MacError('ERR_MAC_HOST')
  const text = joinCovered(request, request)
  if (countLines(text) !== 7) {
    throw new MacError('ERR_MAC_TARGET', 'An element of the request holds a line feed.')
  }
  return text
}

/**
 * Returns the normalized request string as {@link requestString} does, but does *not* check the elements. So
 * they must have been checked before: results of `parseAuthorization`, `requestMethod`, `checkTarget` and
 * `parseAuthority` contain no line feed, and no letter outside ASCII.
 */
export function joinCovered(
  { method, target, host, port }: RequestElements,
  { ts, nonce, ext }: Pick<CoveredRequest, 'ts' | 'nonce' | 'ext'>,
): string {
  return `${ts}\n${nonce}\n${method.toUpperCase()}\n${target}\n${host.toLowerCase()}\n${port}\n${ext ?? ''}\n`
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** The minimum number of bits that a MAC key must be able to hold. */
export const MIN_KEY_BITS = 128

/** Alphabets of keys, and their number of characters. The first one that matches a key counts. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/^[0-9]*$/, 10],
  [/^(?:[0-9a-f]*|[0-9A-F]*)$/, 16],
  [/^(?:[a-z2-7]*|[A-Z2-7]*)$/, 32],
  [/^(?:[0-9a-z]*|[0-9A-Z]*)$/, 36],
  [/^[A-Za-z0-9+/=_-]*$/, 64],
]

/**
 * Returns how many bits a key can hold at most, by its length and its characters. 128 bits need 22
 * characters of base64, 32 of hex, 39 digits, or 20 of all characters that the draft allows. A text that
 * is repeated counts once. It does *not* detect that a key was chosen by a person, which holds far fewer
 * bits.
 */
export function maxKeyBits(key: string): number {
  const part = key.slice(0, `${key}${key}`.indexOf(key, 1))
  const alphabet = ALPHABETS.find(([pattern]) => pattern.test(part))
  const characters = alphabet?.[1] ?? PLAIN_STRING_CHARACTERS
  return Math.floor(part.length * Math.log2(characters))
}

/** Whether a key can be guessed by trying, because it is too short. */
export function isShortKey(key: string): boolean {
  return maxKeyBits(key) < MIN_KEY_BITS
}
