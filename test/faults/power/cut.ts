import { rmSync, truncateSync } from 'node:fs'
import type { Random } from '../random.ts'
import { countInCopy, countNonces } from './seen.ts'
import type { SyncNotes } from './sync-notes.ts'
import { backfilledLength, readWal, type Wal } from './wal.ts'

/** The effect of a power cut. */
export interface Cut {
  /** How many transactions were lost, and how many nonces with them. */
  readonly transactions: number
  readonly nonces: number
}

/**
 * Changes the files of a database, which no process uses, as a power cut may do: the log ends with an
 * earlier transaction, but not before the last one that was really synced.
 *
 * @param before The log at the start of the load. Its content counts as synced.
 */
export function cutPower(path: string, before: Wal | null, syncs: SyncNotes, random: Random): Cut {
  const wal = readWal(path)
  const last = wal?.commits.at(-1)
  if (wal === null || last === undefined) throw new Error('there is no log to cut')
  const whole = countInCopy(path)
  const known = before?.generation === wal.generation ? (before.commits.at(-1) ?? 0) : 0
  const least = Math.max(known, backfilledLength(path), syncs.syncedLength(wal.generation))
  const legal = wal.commits.filter((length) => length >= least)
  const length = (random.chance(0.7) || legal.length === 0 ? legal[0] : random.pick(legal)) ?? last
  truncateSync(`${path}-wal`, length)
  rmSync(`${path}-shm`, { force: true })
  const left = countNonces(path)
  return {
    transactions: wal.commits.length - wal.commits.indexOf(length) - 1,
    nonces: whole - left,
  }
}
