import { setTimeout } from 'node:timers'
import { before } from '../deadline.ts'
import { onWorkers } from '../environment.ts'
import { MacError } from '../errors.ts'
import { errorConverter, isBusy } from './store-failure.ts'

/** Runs work on the store. It waits for locks, and converts every failure to a `MacError`. */
export type Guard = <Result>(work: () => Promise<Result>) => Promise<Result>

/** How long to wait for another connection's lock in total. */
const LOCK_WAIT_MS = 2000
/** The longest pause between two tries. */
const LONGEST_PAUSE_MS = 20

/** How long work on the caller's Kysely may take. */
const WORK_DEADLINE_MS = 10_000

/**
 * Waits for work on the caller's Kysely, but not too long. If withmac is called within a transaction of this
 * Kysely, the work would wait forever: SQLite has one connection, and the transaction uses it.
 *
 * @throws {@link MacError} `ERR_MAC_STORE` if it takes too long. The work itself is *not* stopped.
 */
export function inTime<Result>(work: Promise<Result>, name: string): Promise<Result> {
  return before(WORK_DEADLINE_MS, work, () => {
    const rule =
      `${name} did not answer within ten seconds, and may still complete the call. It is overloaded, or ` +
      'withmac was called within a transaction of the same Kysely and waits for its end.'
    return new MacError('ERR_MAC_STORE', rule)
  })
}

/**
 * Creates a guard. If another connection has locked the database, the guard tries again for two seconds, with
 * pauses that do not block the thread.
 *
 * @param name The database's name in error messages.
 * @param path The database file, if withmac opened it.
 * @param check Is called before each try. If it throws, the store has failed.
 */
export function guard(
  name: string,
  path: string | null = null,
  check: () => void = () => {},
): Guard {
  const toMacError = errorConverter(name, path)
  return async (work) => {
    const start = performance.now()
    for (;;) {
      try {
        check()
        return await work()
      } catch (error) {
        if (error instanceof MacError) throw error
        if (!isBusy(error) || !mayWaitForLock(start, performance.now())) throw toMacError(error)
        await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * LONGEST_PAUSE_MS))
      }
    }
  }
}

/** Whether a wait for a lock that began at `since` may continue. Both times are from `performance.now()`. */
export function mayWaitForLock(since: number, now: number): boolean {
  return now - since <= LOCK_WAIT_MS
}

/** The error for work that did not end before a request stopped waiting. */
export function lateError(name: string): MacError {
  const advice = onWorkers()
    ? ' Cloudflare Workers cannot use the connections of another request: create the Mac for each request.'
    : ''
  const why = `${name} did not answer before storeTimeoutSeconds were over, and may still complete the call.${advice}`
  return new MacError('ERR_MAC_STORE', why)
}

/** The error for a request that comes, or is not finished, when the database is closed. */
export function closedError(): MacError {
  return new MacError('ERR_MAC_CLOSED', 'This Mac was closed.')
}
