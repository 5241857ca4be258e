import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { MacDatabase } from '../schema.ts'
import { isBusy } from '../store-failure.ts'

/** For how long it is tried, in milliseconds, and how long the pauses are. */
const PATIENCE = 5000
const PAUSE = 20

/**
 * Brings all of the write-ahead log into the main file, and empties it: what was overwritten in the file
 * still stands in the log, from before. That takes a moment in which nobody else reads or writes.
 *
 * @returns Whether it was done; `true` as well where there is no such log.
 */
export async function emptyLog(
  db: Kysely<MacDatabase>,
  patience: number = PATIENCE,
): Promise<boolean> {
  const start = performance.now()
  for (;;) {
    if (await truncated(db)) return true
    if (performance.now() - start >= patience) return false
    await setTimeout(PAUSE * Math.random())
  }
}

async function truncated(db: Kysely<MacDatabase>): Promise<boolean> {
  try {
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db)
    return Number(rows[0]?.busy ?? 0) === 0
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}
