import * as crypto from 'node:crypto'
import { computeMac, HASHES, type MacAlgorithm } from './algorithm.ts'

/** Computes MACs with one key: {@link computeMac} with the key's part of the work done before. */
export type PreparedKey = (text: string) => string

/** The fastest way that the runtime has. */
const prepare: (algorithm: MacAlgorithm, key: string) => PreparedKey =
  process.versions.bun !== undefined
    ? keyedHasher
    : typeof crypto.hash === 'function'
      ? paddedKey
      : plainKey

/**
 * Prepares a key, so that many MACs can be computed with it at less cost.
 *
 * The bytes are those of `createHmac` on every runtime. Where the runtime has something faster, that
 * is used: a keyed hasher that is copied on Bun, two calls of the one-shot `crypto.hash` over the
 * padded keys (RFC 2104) on Node from 20.12 and on Deno.
 *
 * @param key Used as the bytes it is written with, also where it looks like base64.
 * @throws TypeError where there is no key: without one, some runtimes compute a hash that anybody can.
 */
export function prepareKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  if (typeof key !== 'string') {
    throw new TypeError('withmac: a MAC key must be a string.')
  }
  return prepare(algorithm, key)
}

/** The block of SHA-1 and SHA-256, in bytes. */
const BLOCK = 64
/** The length of a digest, in bytes. */
const DIGEST: Readonly<Record<MacAlgorithm, number>> = { 'hmac-sha-1': 20, 'hmac-sha-256': 32 }
/** What a padded key can be written with as a string: its bytes are then those of its characters. */
const SHORT_ASCII = /^[\0-\x7f]{0,64}$/

function keyedHasher(algorithm: MacAlgorithm, key: string): PreparedKey {
  const keyed = new Bun.CryptoHasher(HASHES[algorithm], key)
  return (text) => keyed.copy().update(text).digest('base64')
}

/**
 * `outer(opad, inner(ipad, text))`. The inner digest is written into the outer block as hexadecimal
 * digits: to have it as bytes would cost a Buffer each time, and more than the hashing itself.
 */
function paddedKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  if (!SHORT_ASCII.test(key)) return plainKey(algorithm, key)
  const hash = HASHES[algorithm]
  const inner = padded(key, 0x36).toString('latin1')
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(DIGEST[algorithm])])
  return (text) => {
    outer.write(crypto.hash(hash, inner + text, 'hex'), BLOCK, 'hex')
    return crypto.hash(hash, outer, 'base64')
  }
}

function padded(key: string, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK, pad)
  for (let at = 0; at < key.length; at++) block[at] = key.charCodeAt(at) ^ pad
  return block
}

function plainKey(algorithm: MacAlgorithm, key: string): PreparedKey {
  return (text) => computeMac(algorithm, key, text)
}
