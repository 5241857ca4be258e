import { setImmediate } from 'node:timers'
import { MacError } from '../errors.ts'
import { isBusy, type StoreFailure, withinPatience } from './busy.ts'
import type { Answer } from './connection.ts'
import type { Nonce, Recorded } from './store.ts'

/** How many nonces may wait. Whoever comes later is refused: the store is not keeping up. */
const MOST_WAITING = 10_000
/** Batches up to this size have a statement for each size, and larger ones for its multiples. */
const STEP = 64
/** The largest batch. */
const LARGEST = 512

/** How nonces are recorded, and what becomes of failures. */
export interface Recorder {
  /** Records a batch, in which no two nonces are the same text, in one transaction. */
  record(batch: readonly Nonce[]): Answer<readonly Recorded[]>
  /** Is called between two batches, when the answers to the last one are out. */
  between(): void
  /** What a request is told whose nonce could not be recorded. */
  failure: StoreFailure
}

interface Waiting extends Nonce {
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: MacError) => void
  /** When it was first found that another process holds the lock. */
  lockedSince: number | null
}

/**
 * Records nonces in groups: those of the requests that were verified in the same turn of the event
 * loop share one transaction, and so one sync of the disk. A request that comes alone is not made to
 * wait. A batch that fails fails its own requests and no others.
 */
export class GroupCommit {
  readonly #recorder: Recorder
  #queue: Waiting[] = []
  #working: Promise<void> | null = null
  /** Whether the last batch held more than one: then others are likely to come in this turn too. */
  #crowded = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  record(nonce: Nonce): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length >= MOST_WAITING) {
        const why = `${MOST_WAITING} requests wait for their nonces to be recorded already.`
        reject(new MacError('ERR_MAC_STORE', why))
        return
      }
      const { timestamp, credential, now } = nonce
      this.#queue.push({
        timestamp,
        credential,
        nonce: nonce.nonce,
        now,
        resolve,
        reject,
        lockedSince: null,
      })
      this.#working ??= this.#work()
    })
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  async #work(): Promise<void> {
    if (this.#crowded) await turn()
    do {
      this.#crowded = this.#queue.length > 1
      const locked = await this.#commit()
      await (locked ? pause() : turn())
      if (!locked) this.#recorder.between()
    } while (this.#queue.length > 0)
    this.#working = null
  }

  /** @returns Whether another process held the lock, so that the batch waits for another try. */
  async #commit(): Promise<boolean> {
    const batch = this.#take()
    let recorded: readonly Recorded[]
    try {
      recorded = await this.#recorder.record(batch)
    } catch (error) {
      if (!isBusy(error)) {
        for (const { reject } of batch) reject(this.#recorder.failure(error))
        return false
      }
      this.#queue = [...this.#patient(batch, error), ...this.#queue]
      return true
    }
    batch.forEach(({ resolve }, at) => {
      resolve(recorded[at] as Recorded)
    })
    return false
  }

  /**
   * Takes a batch off the queue. Of copies it takes the first: the others, in a later batch, find it
   * recorded. So each batch can tell by their text which of its nonces were new.
   */
  #take(): Waiting[] {
    if (this.#queue.length === 1) return this.#queue.splice(0)
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    const taken = new Set<string>()
    for (const waiting of this.#queue) {
      if (batch.length === LARGEST || taken.has(waiting.nonce)) rest.push(waiting)
      else {
        taken.add(waiting.nonce)
        batch.push(waiting)
      }
    }
    const size = batch.length > STEP ? batch.length - (batch.length % STEP) : batch.length
    this.#queue = [...batch.splice(size), ...rest]
    return batch
  }

  /** Those who may wait for the lock; the others are told that it is not to be had. */
  #patient(batch: readonly Waiting[], error: unknown): Waiting[] {
    const now = performance.now()
    return batch.filter((waiting) => {
      waiting.lockedSince ??= now
      if (withinPatience(waiting.lockedSince, now)) return true
      waiting.reject(this.#recorder.failure(error))
      return false
    })
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
 * who has waited long is then the last to get the lock, after seconds.
 */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1)
  })
}
