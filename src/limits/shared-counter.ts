import { before } from '../deadline.ts'
import { type Count, type Counter, countOf } from './count.ts'
import type { OpenedStore, SharedStore } from './shared-store.ts'

/** How long the store may take to answer, in milliseconds. A request waits for it. */
const DEADLINE = 1000
/** How long it may take to be opened before anything is served. */
const OPENING_DEADLINE = 10_000
/** For how long the store is left alone once it failed, so that not each request waits for it. */
const PAUSE = 1000
/** At most so often the operator is told of failures. */
const TELL_EVERY = 60_000

/**
 * Counts in a store that several processes share. Where that fails, only this process counts: limits
 * become those of each process then, and nobody is refused for the store's sake.
 */
export class SharedCounter implements Counter {
  readonly #store: SharedStore
  #opening: Promise<OpenedStore> | null = null
  #closed = false
  #pausedUntil = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(store: SharedStore) {
    this.#store = store
  }

  async add(key: string, seconds: number): Promise<Count | null> {
    if (!this.#closed && Date.now() >= this.#pausedUntil) {
      try {
        // Packages are read from this machine: that takes its time, and is no fault of the store.
        await this.#store.load()
        const consumed = this.#open().then((store) => store.add(key, seconds))
        return countOf(await inTime(consumed, DEADLINE), seconds)
      } catch (error) {
        this.#pausedUntil = Date.now() + PAUSE
        this.#tell(error)
      }
    }
    return null
  }

  async ready(): Promise<void> {
    await this.#store.load()
    try {
      await inTime(this.#open(), OPENING_DEADLINE)
    } catch (error) {
      this.#tell(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    this.#opening = null
    // A store that is out of reach is never open: to wait for it would be to wait for ever.
    const opened = opening === null ? null : await inTime(opening, DEADLINE).catch(() => null)
    if (opened !== null) await opened.close()
    else opening?.then((late) => late.close()).catch(() => {})
  }

  #open(): Promise<OpenedStore> {
    const opening = this.#opening ?? this.#store.open((error) => this.#tell(error))
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null
    })
    return opening
  }

  #tell(error: unknown): void {
    const now = Date.now()
    if (this.#closed || now - this.#toldAt < TELL_EVERY) return
    this.#toldAt = now
    console.error(
      `withmac: ${this.#store.name}, which rateLimit counts in, failed. Meanwhile it is counted in the ` +
        'memory of this process; requests are verified as before.',
      error,
    )
  }
}

function inTime<Result>(work: Promise<Result>, deadline: number): Promise<Result> {
  return before(deadline, work, () => new Error(`no answer within ${deadline} ms`))
}
