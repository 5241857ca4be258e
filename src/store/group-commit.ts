import { setImmediate, setTimeout } from 'node:timers'
import { MacError } from '../errors.ts'
import type { Answer } from './connection.ts'
import type { Fingerprint } from './fingerprints.ts'
import { withinPatience } from './guard.ts'
import { isBusy, type StoreFailure } from './store-failure.ts'
import type { Nonce, Recorded } from './types.ts'

/** How many nonces may wait. Whoever comes later is rejected: the store is not keeping up. */
const MOST_WAITING = 10_000
/** The largest batch. */
const LARGEST = 512
/** How long a batch waits that found the database locked, in milliseconds. */
export const PAUSE = 1
/** A batch notes timestamps by how far they lie before the latest of it, in 32 bits. */
const WIDEST = 2 ** 32 - 1

/** A nonce to record, with what it is kept by. */
export interface FingerprintedNonce extends Nonce {
  readonly fingerprint: Fingerprint
}

interface Waiting extends FingerprintedNonce {
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: MacError) => void
  /** When it was first found that another process holds the lock. */
  lockedSince: number | null
}

/** How nonces are recorded, and what becomes of failures. */
export interface Recorder {
  /** Commits a batch in one transaction. */
  record(batch: readonly FingerprintedNonce[]): Answer<readonly Recorded[]>
  /** What to wait for until all that is committed by now is on disk; `null` if it is already. */
  synced(): Promise<void> | null
  /** What a request is told whose nonce could not be recorded. */
  failure: StoreFailure
}

/**
 * Records nonces in groups: those of the requests that were verified in the same turn of the event
 * loop share one transaction. A request that comes alone is not made to wait. While a batch waits to
 * be synced, the next ones are committed. A batch that fails fails its own requests and no others.
 */
export class GroupCommit {
  readonly #recorder: Recorder
  #queue: Waiting[] = []
  /** How many wait for a commit or for its sync. */
  #waiting = 0
  #working: Promise<void> | null = null
  #syncing = new Set<Promise<void>>()
  /** Whether the last batch held more than one: then others are likely to come in this turn too. */
  #crowded = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  record(nonce: FingerprintedNonce): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      if (this.#waiting >= MOST_WAITING) {
        const why = `${MOST_WAITING} requests wait for their nonces to be recorded already.`
        reject(new MacError('ERR_MAC_STORE', why))
        return
      }
      this.#waiting++
      this.#queue.push({ ...nonce, resolve, reject, lockedSince: null })
      this.#working ??= this.#work()
    })
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#working !== null) await this.#working
    await Promise.all(this.#syncing)
  }

  async #work(): Promise<void> {
    if (this.#crowded) await turn()
    do {
      this.#crowded = this.#queue.length > 1
      const locked = await this.#commit()
      await (locked ? pause(this.#queue.length) : turn())
    } while (this.#queue.length > 0)
    this.#working = null
  }

  /** @returns Whether another process held the lock, so that the batch waits for another try. */
  async #commit(): Promise<boolean> {
    const batch = this.#take()
    let recorded: readonly Recorded[]
    try {
      const answer = this.#recorder.record(batch)
      recorded = answer instanceof Promise ? await answer : answer
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
    const answered = synced
      .then(
        () => this.#resolve(batch, recorded),
        (error) => this.#reject(batch, error),
      )
      .finally(() => this.#syncing.delete(answered))
    this.#syncing.add(answered)
  }

  #take(): readonly Waiting[] {
    const [first] = this.#queue
    if (first === undefined || this.#queue.length === 1) return this.#queue.splice(0)
    let [least, most] = [first.timestamp, first.timestamp]
    let size = 0
    for (const { timestamp } of this.#queue) {
      least = Math.min(least, timestamp)
      most = Math.max(most, timestamp)
      if (size === LARGEST || most - least > WIDEST) break
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
    for (const { reject } of batch) reject(this.#recorder.failure(error))
  }

  /**
   * Puts a batch back that found the database locked, as the first to come.
   *
   * @returns Those who have waited for the lock for too long, also behind the batch.
   */
  #putBack(batch: readonly Waiting[]): readonly Waiting[] {
    const now = performance.now()
    const impatient: Waiting[] = []
    const staying: Waiting[] = []
    for (const waiting of [...batch, ...this.#queue]) {
      waiting.lockedSince ??= now
      const list = withinPatience(waiting.lockedSince, now) ? staying : impatient
      list.push(waiting)
    }
    this.#queue = staying
    return impatient
  }
}

/** The end of this turn of the event loop: all that came in together is there by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/**
 * Until the next try. Not SQLite's own waiting, which blocks the thread, and pauses longer each time:
 * who has waited long is then the last to get the lock, after seconds. With many that wait each try is
 * work, which should not take the processor from whoever holds the lock.
 */
function pause(waiting: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, waiting > LARGEST ? 5 * PAUSE : PAUSE)
  })
}
