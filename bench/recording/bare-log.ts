import { openRaw } from '../setup/raw-database.ts'
import { fingerprintOf, type Nonce, packEntries } from '../withmac.ts'

/** A table to which rows are appended as in the journal, and from which nothing is read. */
export interface BareLog {
  /** Appends one row with the entries of all nonces, in a transaction. */
  append(nonces: readonly Nonce[]): void
  /** @returns How many nonces are in the rows. */
  count(): number
  close(): void
}

const SALT = 1
const ENTRY_BYTES = 12

/**
 * Opens the minimum of a recording in SQLite: the same blob, from as many hashes, in a row of the same table.
 * It reads nothing and compares no nonces, so it accepts a replay.
 */
export function openBareLog(path: string, synchronous: 'full' | 'normal'): BareLog {
  const database = openRaw(path, synchronous)
  database.exec(`create table log (seq integer primary key not null, tag integer not null,
    latest integer not null, entries blob not null) strict`)
  const begin = database.prepare('begin immediate')
  const insert = database.prepare('insert into log values (?, ?, ?, ?)')
  const commit = database.prepare('commit')
  let seq = 0
  return {
    append(nonces) {
      const { latest, entries } = packEntries(
        nonces.map(({ timestamp, credential, nonce }) => ({
          timestamp,
          fingerprint: fingerprintOf(SALT, timestamp, credential, nonce),
        })),
      )
      begin()
      insert(++seq, Math.floor(Math.random() * 2 ** 52), latest, entries)
      commit()
    },
    count() {
      const [row] = database.all('select sum(length(entries)) as bytes from log')
      return Number(row?.bytes ?? 0) / ENTRY_BYTES
    },
    close: () => database.close(),
  }
}
