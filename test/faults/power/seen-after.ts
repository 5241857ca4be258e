import { Database } from 'bun:sqlite'
import { copyFileSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

/** What a database holds, as far as it matters for a power cut. */
export interface Seen {
  /** The mark, which is always synced. */
  readonly highWater: number
  readonly boot: number
  readonly nonces: number
  /** What every legal cut leaves as it was: it was synced when it was written. */
  readonly synced: string
}

/** Looks into a database that nobody uses. */
export function seen(path: string, highWater: number | null = null): Seen {
  const database = new Database(path)
  try {
    const rows = database.query('select name, value from mac_state').all()
    const state = new Map(
      (rows as { name: string; value: number }[]).map((row) => [row.name, row.value]),
    )
    const credentials = database.query('select * from mac_credentials order by id').all()
    const mark = state.get('high_water') ?? 0
    const count = (after: number) =>
      (
        database.query('select count(*) as n from mac_nonces where ts > ?').get(after) as {
          n: number
        }
      ).n
    const synced = JSON.stringify([mark, count(highWater ?? mark), credentials])
    return { highWater: mark, boot: state.get('boot') ?? 0, nonces: count(-1), synced }
  } finally {
    database.close()
  }
}

/** Looks into a copy of a database whose log was cut to a length. `null` where it cannot be read. */
export function seenAfterCut(path: string, length: number, highWater: number | null): Seen | null {
  const folder = mkdtempSync(join(path, '../cut-'))
  const copy = join(folder, 'mac.db')
  try {
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    truncateSync(`${copy}-wal`, length)
    return seen(copy, highWater)
  } catch (error) {
    // Before its first transactions, there are no tables.
    if (/no such table/.test((error as Error).message)) return null
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}
