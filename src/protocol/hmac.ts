import * as crypto from 'node:crypto'
import { createHmac } from 'node:crypto'
import { type ServerTime, serverTimeString } from './challenge.ts'
import type { MacAlgorithm } from './signature.ts'

/** The name of each algorithm's hash in `node:crypto`. */
export const HASHES: Readonly<Record<MacAlgorithm, 'sha1' | 'sha256'>> = {
  'hmac-sha-1': 'sha1',
  'hmac-sha-256': 'sha256',
}

/**
 * Returns the MAC of a normalized request string, in base64 (draft §3.3).
 *
 * @param key Its characters are its bytes. It is not decoded, even if it looks like base64.
 */
export function computeMac(algorithm: MacAlgorithm, key: string, text: string): string {
  return createHmac(HASHES[algorithm], key).update(text).digest('base64')
}

/** Returns the MAC over a server's time, in base64. `key` is the key that signed the request. */
export function serverTimeMac(algorithm: MacAlgorithm, key: string, time: ServerTime): string {
  return computeMac(algorithm, key, serverTimeString(time))
}

/** Computes MACs with one key, like {@link computeMac}. The work for the key was done before. */
export type PreparedKey = (text: string) => string

/** The fastest way on this runtime. */
const prepare: (algorithm: MacAlgorithm, key: string) => PreparedKey =
  process.versions.bun !== undefined
    ? keyedHasher
    : typeof crypto.hash === 'function'
      ? paddedKey
      : unpreparedKey

/**
 * Prepares a key, so that many MACs can be computed with it at less cost.
 *
 * The MACs are equal to those of `createHmac` on every runtime, but take less time. On Bun, it copies a keyed
 * hasher. On Node from 20.12, and on Deno, it calls the one-shot `crypto.hash` twice over the padded key
 * (RFC 2104).
 *
 * @param key Its characters are its bytes. It is not decoded, even if it looks like base64.
 * @throws TypeError if the key is not a string. Without a key, some runtimes compute a hash without a key,
 *   which anyone can compute.
 */
export function prepareKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  if (typeof key !== 'string') {
    throw new TypeError('withmac: a MAC key must be a string.')
  }
  return prepare(algorithm, key)
}

/** The block size of SHA-1 and SHA-256, in bytes. */
const BLOCK_BYTES = 64
/** The bytes that the key is padded with (RFC 2104 §2). */
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
/** The length of a digest, in bytes. */
const DIGEST_BYTES: Readonly<Record<MacAlgorithm, number>> = {
  'hmac-sha-1': 20,
  'hmac-sha-256': 32,
}
/** Keys that can be padded as a string: each character is one byte, and there is at most one block. */
const SHORT_ASCII = /^[\0-\x7f]{0,64}$/

function keyedHasher(algorithm: MacAlgorithm, key: string): PreparedKey {
  const keyed = new Bun.CryptoHasher(HASHES[algorithm], key)
  return (text) => keyed.copy().update(text).digest('base64')
}

/**
 * Computes `outer(opad, inner(ipad, text))`. The inner digest is requested as hexadecimal digits: as
 * bytes, it would need a new Buffer each time, which costs more than the hashing itself.
 */
function paddedKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  if (!SHORT_ASCII.test(key)) return unpreparedKey(algorithm, key)
  const hash = HASHES[algorithm]
  const inner = padKey(key, INNER_PAD).toString('latin1')
  const outer = Buffer.concat([padKey(key, OUTER_PAD), Buffer.alloc(DIGEST_BYTES[algorithm])])
  return (text) => {
    outer.write(crypto.hash(hash, inner + text, 'hex'), BLOCK_BYTES, 'hex')
    return crypto.hash(hash, outer, 'base64')
  }
}

function padKey(key: string, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES, pad)
  for (let at = 0; at < key.length; at++) block[at] = key.charCodeAt(at) ^ pad
  return block
}

function unpreparedKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  return (text) => computeMac(algorithm, key, text)
}
