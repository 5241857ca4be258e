import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openRaw } from '../setup/raw-database.ts'
import { macField } from '../signing/mac-field.ts'
import { fetchRequest, ID, KEY } from '../signing/request.ts'
import { createMac, fingerprintOf, type Mac, newTag, packEntries } from '../withmac.ts'

/** Nonces per second of the simulated clock, for each size of database. */
export const PER_SECOND = 10_000
/** How many nonces share a row of the journal: as many as a busy server records at once. */
const BATCH = 25

/** A database with a full window. */
export interface FilledDatabase {
  readonly path: string
  /** How many nonces are in the window. */
  readonly size: number
  readonly windowSeconds: number
  /** Where the clock continues, in seconds since 1970. */
  readonly base: number
}

/**
 * Makes a database as withmac would have left it: `size` nonces in the window, in the order of their
 * timestamps, the oldest about to expire.
 */
export async function fillDatabase(folder: string, size: number): Promise<FilledDatabase> {
  const path = join(folder, `${size}.db`)
  const windowSeconds = Math.max(1, size / PER_SECOND)
  const base = Math.floor(Date.now() / 1000)
  const filled = { path, size, windowSeconds, base }
  const mac = createMac({ database: `sqlite:${path}`, windowSeconds, now: () => base })
  await mac.createCredential('ada', { id: ID, key: KEY, expires: null })
  await mac.close()
  const database = openRaw(path, 'off')
  const [state] = database.all(`select (select max(seq) from mac_nonce_log) as seq,
    (select value from mac_state where name = 'nonce_salt') as salt`)
  const salt = Number(state?.salt)
  let seq = Number(state?.seq)
  const append = database.prepare('insert into mac_nonce_log values (?, ?, ?, ?)')
  database.exec('begin')
  for (let from = 0; from < size; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, size - from) }, (_, at) => {
      const { timestamp, nonce } = filledNonce(filled, from + at)
      return { timestamp, fingerprint: fingerprintOf(salt, timestamp, ID, nonce) }
    })
    const { latest, entries } = packEntries(batch)
    append(++seq, newTag(), latest, entries)
  }
  database.exec('commit')
  database.exec('pragma wal_checkpoint(truncate)')
  database.close()
  return filled
}

/** Throws if a nonce of the filled window is not rejected as a replay. */
export async function assertRemembered(mac: Mac, filled: FilledDatabase): Promise<void> {
  const { size } = filled
  if (size === 0) return
  for (const number of [0, Math.floor(size / 3), size - 1]) {
    const { timestamp, nonce } = filledNonce(filled, number)
    const verdict = await mac.verify(fetchRequest(macField(timestamp, ID, KEY, nonce)))
    const code = verdict.ok ? 'accepted' : verdict.error.code
    assert.equal(code, 'ERR_MAC_REPLAY', `nonce ${number} of ${size} is rejected as a replay`)
  }
}

function filledNonce({ base, windowSeconds }: FilledDatabase, number: number) {
  const timestamp = base - windowSeconds + Math.floor(number / PER_SECOND)
  return { timestamp, nonce: `filled-${number}` }
}
