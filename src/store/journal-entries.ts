import { Buffer } from 'node:buffer'
import * as crypto from 'node:crypto'
import type { Fingerprint } from './fingerprints.ts'

/** An entry: by how much its timestamp lies before the row's latest (32 bits), and its fingerprint (64). */
export const ENTRY_BYTES = 12

/** A nonce as the journal keeps it. */
export interface Entry {
  readonly timestamp: number
  readonly fingerprint: Fingerprint
}

/** What a row of the journal holds. */
export interface Packed {
  /** The latest timestamp in it. */
  readonly latest: number
  readonly entries: Buffer
}

/**
 * The fingerprint of a nonce: 64 bits of a hash of all that makes it what it is (draft §3.1). Two that are
 * alike by chance come to a rejection, for one of n nonces in 2^64 / n; that of another nonce cannot be
 * aimed at without the salt.
 *
 * @param salt The secret number of the database.
 */
export function fingerprintOf(
  salt: number,
  timestamp: number,
  credential: string,
  nonce: string,
): Fingerprint {
  // None of them holds a line feed.
  const hash = sha256(`${salt}\n${timestamp}\n${credential}\n${nonce}`)
  return { high: hash.readUInt32LE(0), low: hash.readUInt32LE(4) }
}

/** A random number of 52 bits, which tells a row from another that has its number. */
export function newTag(): number {
  return Math.floor(Math.random() * 2 ** 52)
}

/** Puts the nonces of a batch into one row. Their timestamps must not differ by more than 2^32 - 1. */
export function packEntries(nonces: readonly Entry[]): Packed {
  const latest = nonces.reduce((most, { timestamp }) => Math.max(most, timestamp), 0)
  const entries = Buffer.alloc(nonces.length * ENTRY_BYTES)
  nonces.forEach(({ timestamp, fingerprint: { high, low } }, index) => {
    const at = index * ENTRY_BYTES
    entries.writeUInt32LE(latest - timestamp, at)
    entries.writeUInt32LE(high, at + 4)
    entries.writeUInt32LE(low, at + 8)
  })
  return { latest, entries }
}

/**
 * The nonces of a row.
 * @throws Error if it is not a row of this journal.
 */
export function* entriesOf(latest: number, entries: unknown): Iterable<Entry> {
  if (!(entries instanceof Uint8Array) || entries.length % ENTRY_BYTES !== 0) {
    throw new Error('a row of its table mac_nonce_log is damaged. Restore it from a backup.')
  }
  const view = new DataView(entries.buffer, entries.byteOffset, entries.byteLength)
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const fingerprint = { high: view.getUint32(at + 4, true), low: view.getUint32(at + 8, true) }
    yield { timestamp: latest - view.getUint32(at, true), fingerprint }
  }
}

/** Node has had the one-shot function since 20.12; on Bun the hasher of its own is faster. */
const sha256: (text: string) => Buffer =
  process.versions.bun !== undefined
    ? (text) => new Bun.CryptoHasher('sha256').update(text).digest()
    : typeof crypto.hash === 'function'
      ? (text) => crypto.hash('sha256', text, 'buffer')
      : (text) => crypto.createHash('sha256').update(text).digest()
