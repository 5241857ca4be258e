import { Buffer } from 'node:buffer'
import type { Fingerprint } from './fingerprints.ts'
import { sha256 } from './sha256.ts'

/**
 * The size of an entry: seconds from its timestamp to the row's latest (32 bits), and its fingerprint (64
 * bits).
 */
export const ENTRY_BYTES = 12

/** A nonce in the form in which the journal keeps it. */
export interface Entry {
  readonly timestamp: number
  readonly fingerprint: Fingerprint
}

/** The content of a row of the journal. */
export interface Packed {
  /** The latest timestamp in it. */
  readonly latest: number
  readonly entries: Buffer
}

/**
 * Returns the fingerprint of a nonce: 64 bits of a hash of its timestamp, credential and text (draft
 * §3.1). If two are equal by chance, a new nonce is rejected: with n nonces, the probability is about n / 2^64.
 * An attacker who does not know the salt cannot cause this.
 *
 * @param salt The secret number of the database.
 */
export function fingerprintOf(
  salt: number,
  timestamp: number,
  credential: string,
  nonce: string,
): Fingerprint {
  // None of these contains a line feed.
  const hash = sha256(`${salt}\n${timestamp}\n${credential}\n${nonce}`)
  return { high: hash.readUInt32LE(0), low: hash.readUInt32LE(4) }
}

/** Returns a random number of 52 bits. It distinguishes a row from another row with the same number. */
export function newTag(): number {
  return Math.floor(Math.random() * 2 ** 52)
}

/** Packs the nonces of a batch into one row. Their timestamps must not differ by more than 2^32 - 1. */
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
 * Returns the nonces of a row.
 * @throws Error if the row is damaged.
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
