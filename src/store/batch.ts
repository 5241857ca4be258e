import { setImmediate, setTimeout } from 'node:timers'
import { MacError } from '../errors.ts'
import { isBusy, withinPatience } from './busy.ts'
import type { Answer } from './connection.ts'
import { type Batch, LARGEST, NonceQueue, type Waiting } from './nonce-queue.ts'
import { type Nonce, type Recorded, SEEN } from './store.ts'
import type { StoreFailure } from './store-failure.ts'

/** How many nonces may wait. Whoever comes later is refused: the store is not keeping up. */
const MOST_WAITING = 10_000

/** How nonces are recorded, and what becomes of failures. */
export interface Recorder {
  /** Records a batch in one transaction. */
  record(batch: readonly Nonce[], alike: boolean): Answer<readonly Recorded[]>
  /** Is called between two batches, when the answers to the last one are out. */
  between(): void
  /** What a request is told whose nonce could not be recorded. */
  failure: StoreFailure
}

/**
 * Records nonces in groups: those of the requests that were verified in the same turn of the event
 * loop share one transaction, and so one sync of the disk. A request that comes alone is not made to
 * wait. A batch that fails fails its own requests and no others.
 */
export class GroupCommit {
  readonly #recorder: Recorder
  readonly #queue = new NonceQueue()
  #working: Promise<void> | null = null
  /** Whether the last batch held more than one: then others are likely to come in this turn too. */
  #crowded = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  record({ timestamp, credential, keyNumber, nonce, now }: Nonce): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      if (this.#queue.count >= MOST_WAITING) {
        const why = `${MOST_WAITING} requests wait for their nonces to be recorded already.`
        reject(new MacError('ERR_MAC_STORE', why))
        return
      }
      const asked = { timestamp, credential, keyNumber, nonce, now, resolve, reject }
      this.#queue.add({ ...asked, copies: [], lockedSince: null })
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
      this.#crowded = this.#queue.count > 1
      const locked = await this.#commit()
      await (locked ? pause(this.#queue.count) : turn())
      if (!locked) this.#recorder.between()
    } while (this.#queue.count > 0)
    this.#working = null
  }

  /** @returns Whether another process held the lock, so that the batch waits for another try. */
  async #commit(): Promise<boolean> {
    const batch = this.#queue.take()
    const { nonces, alike } = batch
    let recorded: readonly Recorded[]
    try {
      recorded = await this.#recorder.record(nonces, alike)
    } catch (error) {
      const locked = isBusy(error)
      const over = locked ? this.#putBack(batch) : nonces.flatMap((each) => [each, ...each.copies])
      for (const { reject } of over) reject(this.#recorder.failure(error))
      return locked
    }
    nonces.forEach(({ resolve, copies }, at) => {
      const told = recorded[at] as Recorded
      resolve(told)
      for (const copy of copies) copy.resolve(told.verdict === 'new' ? SEEN : told)
    })
    return false
  }

  /** @returns Those who have waited for the lock for too long. */
  #putBack(batch: Batch): Waiting[] {
    const now = performance.now()
    return this.#queue.putBack(batch, (waiting) => {
      waiting.lockedSince ??= now
      return withinPatience(waiting.lockedSince, now)
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
 * who has waited long is then the last to get the lock, after seconds. With many that wait each try is
 * work, which should not take the processor from whoever holds the lock.
 */
function pause(waiting: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, waiting > LARGEST ? 5 : 1)
  })
}
