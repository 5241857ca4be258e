import { Database } from 'bun:sqlite'
import { rmSync, truncateSync } from 'node:fs'
import type { Random } from '../random.ts'
import { type Seen, seenAfterCut } from './seen-after.ts'
import { backfilledLength, readWal, type Wal } from './wal.ts'

/** What a power cut did. */
export interface Cut {
  /** How many transactions were lost, and how many nonces with them. */
  readonly transactions: number
  readonly nonces: number
  /** The mark up to which timestamps must be refused from now on. */
  readonly mark: number
}

/**
 * Does to the files of a database, which nobody uses any more, what a power cut may do: the log ends
 * with an earlier transaction, though not before the last one that was synced; and the machine is on
 * another boot.
 *
 * @param before The log as it was when the load began: what was in it may be synced.
 */
export function cutPower(path: string, before: Wal | null, random: Random): Cut {
  const wal = readWal(path)
  const last = wal?.commits.at(-1)
  if (wal === null || last === undefined) throw new Error('there is no log to cut')
  const whole = mustSee(path, last, null)
  const known = before?.generation === wal.generation ? (before.commits.at(-1) ?? 0) : 0
  const least = Math.max(known, backfilledLength(path))
  const possible = wal.commits.filter((length) => length >= least)
  const legal = possible.slice(earliestLegal(path, possible, whole))
  const length = (random.chance(0.5) ? legal[0] : random.pick(legal)) ?? last
  const left = mustSee(path, length, whole.highWater)
  truncateSync(`${path}-wal`, length)
  rmSync(`${path}-shm`, { force: true })
  bootAnew(path)
  return {
    transactions: wal.commits.length - wal.commits.indexOf(length) - 1,
    nonces: whole.nonces - left.nonces,
    mark: whole.highWater,
  }
}

/** The place of the earliest transaction after which nothing is missing that was synced. */
function earliestLegal(path: string, commits: readonly number[], whole: Seen): number {
  let least = 0
  let most = commits.length - 1
  while (least < most) {
    const middle = Math.floor((least + most) / 2)
    const left = seenAfterCut(path, commits[middle] ?? 0, whole.highWater)
    if (left?.synced === whole.synced) most = middle
    else least = middle + 1
  }
  return least
}

function mustSee(path: string, length: number, highWater: number | null): Seen {
  const found = seenAfterCut(path, length, highWater)
  if (found === null) throw new Error('the database has no tables')
  return found
}

/** Writes another boot into the file, in place of starting the machine anew. */
function bootAnew(path: string): void {
  const database = new Database(path)
  try {
    const { changes } = database.run(
      "update mac_state set value = value - 1 where name = 'boot' and value > 1",
    )
    if (changes !== 1) throw new Error('no boot was kept in the database')
  } finally {
    database.close()
  }
}
