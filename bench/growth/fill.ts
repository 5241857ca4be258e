import { join } from 'node:path'
import { ID, KEY } from '../signing/request.ts'
import { createMac } from '../withmac.ts'

/** Nonces for each second of the simulated clock, whatever the size of the table. */
export const PER_SECOND = 10_000

/** A database in which the window is full. */
export interface FilledDatabase {
  readonly path: string
  /** How many nonces lie within the window. */
  readonly size: number
  readonly windowSeconds: number
  /** The moment to go on from, in seconds since 1970. */
  readonly base: number
}

/**
 * Makes a database as withmac would have left it: so many nonces within the window, the oldest about to
 * expire. The rows come from SQL, in the order of their timestamps.
 */
export async function fillDatabase(folder: string, size: number): Promise<FilledDatabase> {
  const path = join(folder, `${size}.db`)
  const windowSeconds = size / PER_SECOND
  const base = Math.floor(Date.now() / 1000)
  const mac = createMac({ database: `sqlite:${path}`, windowSeconds, now: () => base })
  await mac.createCredential('ada', { id: ID, key: KEY, expires: null })
  await mac.close()
  const { Database } = await import('bun:sqlite')
  const database = new Database(path)
  database.run('pragma synchronous = off')
  const first = base - windowSeconds
  database.run(
    `insert into mac_nonces with recursive row(n) as (
       select 0 union all select n + 1 from row where n + 1 < ?
     ) select ? + n / ?, ?, lower(hex(randomblob(8))) from row`,
    [size, first, PER_SECOND, ID],
  )
  database.run('pragma wal_checkpoint(truncate)')
  database.close()
  return { path, size, windowSeconds, base }
}
