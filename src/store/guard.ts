import { setTimeout } from 'node:timers'
import { before } from '../deadline.ts'
import { MacError } from '../errors.ts'
import { isBusy, storeFailure } from './store-failure.ts'

/** Runs a piece of work on the store, waits for locks, and makes every failure a `MacError`. */
export type Guard = <Result>(work: () => Promise<Result>) => Promise<Result>

/** How long to wait for another process's lock in all, in milliseconds. */
const PATIENCE = 2000
/** The longest pause between two tries, in milliseconds. */
const LONGEST_PAUSE = 20

/** How long a caller's Kysely may take, in milliseconds, before it is taken to wait for itself. */
const DEADLINE = 10_000

/**
 * The result of work on a caller's Kysely, or a failure if it takes too long: within a transaction of its
 * own, on the one connection that SQLite has, it would wait for the transaction's end for ever.
 *
 * @throws {@link MacError} `ERR_MAC_STORE`
 */
export function inTime<Result>(work: Promise<Result>, name: string): Promise<Result> {
  return before(DEADLINE, work, () => {
    const rule =
      `${name} did not answer within ten seconds, and may still do what it was asked for. It has too ` +
      'much to do, or withmac was called within a transaction of the same Kysely and waits for its end.'
    return new MacError('ERR_MAC_STORE', rule)
  })
}

/**
 * Makes a guard. If the database is locked by another process it tries again for two seconds,
 * and pauses without blocking the thread.
 *
 * @param name What the operator knows the database by.
 * @param path Its file, if it has one of ours.
 * @param check Is called before each try; what it throws counts as the store's failure.
 */
export function guard(
  name: string,
  path: string | null = null,
  check: () => void = () => {},
): Guard {
  const failure = storeFailure(name, path)
  return async (work) => {
    const start = performance.now()
    for (;;) {
      try {
        check()
        return await work()
      } catch (error) {
        if (error instanceof MacError) throw error
        if (!isBusy(error) || !withinPatience(start, performance.now())) throw failure(error)
        await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * LONGEST_PAUSE))
      }
    }
  }
}

/** Whether a wait for a lock that began at `since` may go on. Both moments are `performance.now()`. */
export function withinPatience(since: number, now: number): boolean {
  return now - since <= PATIENCE
}

/** What becomes of a request that comes, or is still on its way, when the database is closed. */
export function closedError(): MacError {
  return new MacError('ERR_MAC_CLOSED', 'This Mac was closed.')
}
