import { setImmediate, setTimeout } from 'node:timers'
import { MacError } from '../errors.ts'
import type { MaybePromise } from './connection.ts'
import type { Fingerprint } from './fingerprints.ts'
import { mayWaitForLock } from './guard.ts'
import { type ErrorConverter, isBusy } from './store-failure.ts'
import type { Nonce, Recorded } from './types.ts'

/** How many nonces may wait. With more, the store does not keep up, and further requests get an error. */
const MOST_WAITING = 10_000
/** The maximum size of a batch. */
const LARGEST_BATCH = 512
/** How long a batch waits before its next try if the database is locked. */
export const LOCK_PAUSE_MS = 1
/** The maximum difference of timestamps in a batch: the journal stores it in 32 bits. */
const WIDEST_BATCH_SECONDS = 2 ** 32 - 1

/** A nonce to record, with its fingerprint. */
export interface FingerprintedNonce extends Nonce {
  readonly fingerprint: Fingerprint
}

interface Waiting extends FingerprintedNonce {
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: MacError) => void
  /** When another connection was first found to hold the lock. */
  lockedSince: number | null
}

/** The functions with which {@link GroupCommit} records nonces. */
export interface Recorder {
  /** Commits a batch in one transaction. */
  commit(batch: readonly FingerprintedNonce[]): MaybePromise<readonly Recorded[]>
  /** Resolves when all commits so far are on disk; `null` if the batch need not wait for that. */
  synced(): Promise<void> | null
  /** Converts what `commit` or `synced` threw to the error for the requests of the batch. */
  toMacError: ErrorConverter
}

/**
 * Records nonces in batches, each in one transaction. A single nonce does not wait for others: it is committed
 * at once. Those that come later in the same turn of the event loop are the next batch. While one batch waits
 * to be synced, the next ones are committed. If a batch fails, its requests fail. If the database is locked,
 * only those requests fail that have waited too long for the lock.
 */
export class GroupCommit {
  readonly #recorder: Recorder
  #queue: Waiting[] = []
  /** How many nonces wait for a commit or for its sync. */
  #waiting = 0
  #working: Promise<void> | null = null
  #syncing = new Set<Promise<void>>()
  /** Whether the last batch had several nonces. Then more are likely to come in this turn too. */
  #crowded = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** Adds a nonce to the next batch. Resolves when that batch is committed and synced. */
  add(nonce: FingerprintedNonce): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      if (this.#waiting >= MOST_WAITING) {
        const why = `${MOST_WAITING} requests already wait for their nonces to be recorded.`
        reject(new MacError('ERR_MAC_STORE', why))
        return
      }
      this.#waiting++
      this.#queue.push({ ...nonce, resolve, reject, lockedSince: null })
      this.#working ??= this.#work()
    })
  }

  /** Resolves when no nonce waits any more. */
  async drain(): Promise<void> {
    while (this.#working !== null) await this.#working
    await Promise.all(this.#syncing)
  }

  async #work(): Promise<void> {
    if (this.#crowded) await turn()
    do {
      this.#crowded = this.#queue.length > 1
      const locked = await this.#commitNext()
      await (locked ? pause(this.#queue.length) : turn())
    } while (this.#queue.length > 0)
    this.#working = null
  }

  /** @returns Whether another connection held the lock, so that the batch must be tried again. */
  async #commitNext(): Promise<boolean> {
    const batch = this.#take()
    let recorded: readonly Recorded[]
    try {
      const result = this.#recorder.commit(batch)
      recorded = result instanceof Promise ? await result : result
    } catch (error) {
      const locked = isBusy(error)
      this.#reject(locked ? this.#putBack(batch) : batch, error)
      return locked
    }
    const synced = this.#recorder.synced()
    if (synced === null) this.#resolve(batch, recorded)
    else this.#whenSynced(synced, batch, recorded)
    return false
  }

  #whenSynced(
    synced: Promise<void>,
    batch: readonly Waiting[],
    recorded: readonly Recorded[],
  ): void {
    const settled = synced
      .then(
        () => this.#resolve(batch, recorded),
        (error) => this.#reject(batch, error),
      )
      .finally(() => this.#syncing.delete(settled))
    this.#syncing.add(settled)
  }

  #take(): readonly Waiting[] {
    const [first] = this.#queue
    if (first === undefined || this.#queue.length === 1) return this.#queue.splice(0)
    let [least, most] = [first.timestamp, first.timestamp]
    let size = 0
    for (const { timestamp } of this.#queue) {
      least = Math.min(least, timestamp)
      most = Math.max(most, timestamp)
      if (size === LARGEST_BATCH || most - least > WIDEST_BATCH_SECONDS) break
      size++
    }
    return this.#queue.splice(0, size)
  }

  #resolve(batch: readonly Waiting[], recorded: readonly Recorded[]): void {
    this.#waiting -= batch.length
    batch.forEach(({ resolve }, at) => {
      resolve(recorded[at] as Recorded)
    })
  }

  #reject(batch: readonly Waiting[], error: unknown): void {
    this.#waiting -= batch.length
    for (const { reject } of batch) reject(this.#recorder.toMacError(error))
  }

  /**
   * Puts a batch back to the front of the queue, because the database was locked.
   *
   * @returns The nonces that have waited too long for the lock, from the batch and from the queue.
   */
  #putBack(batch: readonly Waiting[]): readonly Waiting[] {
    const now = performance.now()
    const impatient: Waiting[] = []
    const staying: Waiting[] = []
    for (const waiting of [...batch, ...this.#queue]) {
      waiting.lockedSince ??= now
      const list = mayWaitForLock(waiting.lockedSince, now) ? staying : impatient
      list.push(waiting)
    }
    this.#queue = staying
    return impatient
  }
}

/** Waits for the end of this turn of the event loop: by then, requests that came together are here. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/**
 * Waits before the next try. SQLite's own waiting blocks the thread, and its pauses get longer each time, so
 * that the process that has waited longest is the last to get the lock. If many nonces wait, each try takes
 * much work, so the pause is longer: whoever holds the lock needs the processor.
 */
function pause(waiting: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, waiting > LARGEST_BATCH ? 5 * LOCK_PAUSE_MS : LOCK_PAUSE_MS)
  })
}
