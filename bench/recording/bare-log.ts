import { openRaw } from '../setup/raw-database.ts'
import { fingerprintOf, type Nonce, packEntries } from '../withmac.ts'

/** A table that is appended to as the journal is, and looked at by nobody. */
export interface BareLog {
  /** Appends one row with the entries of all of them, in a transaction. */
  append(nonces: readonly Nonce[]): void
  /** How many nonces the rows hold. */
  count(): number
  close(): void
}

const SALT = 1
const ENTRY_BYTES = 12

/**
 * The limit of what recording can cost in SQLite: the same blob, made of as many hashes, in a row of the same
 * table. Nothing is read, no nonce is compared with another, and a replay passes.
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
