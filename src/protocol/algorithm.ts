import { createHmac } from 'node:crypto'

/** The MAC algorithms that the draft defines (draft §3.3). */
export type MacAlgorithm = 'hmac-sha-1' | 'hmac-sha-256'

/** The algorithms, best first. */
export const MAC_ALGORITHMS: readonly MacAlgorithm[] = ['hmac-sha-256', 'hmac-sha-1']

/** What `node:crypto` calls the hash of each algorithm. */
export const HASHES: Readonly<Record<MacAlgorithm, 'sha1' | 'sha256'>> = {
  'hmac-sha-1': 'sha1',
  'hmac-sha-256': 'sha256',
}

/**
 * The MAC of a normalized request string, in base64 (draft §3.3).
 *
 * @param key Used as the bytes it is written with, also where it looks like base64.
 */
export function computeMac(algorithm: MacAlgorithm, key: string, text: string): string {
  return createHmac(HASHES[algorithm], key).update(text).digest('base64')
}

/**
 * Compares a MAC that was sent with the one expected.
 *
 * The time taken depends on the expected length alone, which the algorithm gives away, and not on
 * where the two differ: every character is looked at, and differences are gathered without a branch.
 */
export function macsAreEqual(sent: string, expected: string): boolean {
  let difference = sent.length ^ expected.length
  // Past the end of `sent`, charCodeAt is NaN, which the operator turns into 0.
  for (let at = 0; at < expected.length; at++) {
    difference |= sent.charCodeAt(at) ^ expected.charCodeAt(at)
  }
  return difference === 0
}
