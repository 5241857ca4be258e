import { Database } from 'bun:sqlite'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What a database holds, as far as it matters for a power cut. */
export interface Seen {
  /** The mark up to which timestamps are refused after a power cut. */
  readonly highWater: number
  readonly nonces: number
}

/** Looks into a database. */
export function see(database: Database): Seen {
  const one = (query: string) => Number(Object.values(database.query(query).get() as object)[0])
  return {
    highWater: one("select value from mac_state where name = 'high_water'"),
    nonces: one('select count(*) from mac_nonces'),
  }
}

/** Looks into a copy of the files, since a look at themselves would bring the log into the database. */
export function seeCopy(path: string): Seen {
  const folder = mkdtempSync(join(path, '../look-'))
  try {
    const copy = join(folder, 'mac.db')
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end)
    const database = new Database(copy)
    try {
      return see(database)
    } finally {
      database.close()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
