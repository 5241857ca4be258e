import { clearTimeout, setImmediate, setTimeout } from 'node:timers'
import { BoundedMap } from '../bounded-map.ts'
import { publishBatches, publishRemoval } from '../diagnostics.ts'
import { MacError } from '../errors.ts'
import { lateError } from './guard.ts'
import { sha256Hex } from './sha256.ts'
import { type ErrorConverter, errorConverter } from './store-failure.ts'
import type { NonceEngine, StoreParts } from './store-parts.ts'
import { type Nonce, type Recorded, SEEN } from './types.ts'
import { UsageWrites } from './usage-writes.ts'

/** How many requests may wait. With more, the store does not keep up, and further requests get an error. */
const MOST_WAITING = 10_000
/** How many batches are sent at a time. With one, a dead connection would stop all requests behind it. */
const MOST_BATCHES = 4
/** How many nonces are remembered that were recorded. */
const MOST_REMEMBERED = 65_536
const HASH_DIGITS = 32

/** A nonce, with the hash under which a shared store keeps it. */
export interface HashedNonce extends Nonce {
  /** The first 128 bits of the SHA-256 of timestamp, credential and nonce, in hexadecimal. */
  readonly hash: string
}

/** A store of nonces on another machine, which several servers share. */
export interface SharedEngine {
  /** The start of error messages, such as `The database postgres://host/mac`. */
  readonly nameInErrors: string
  /** What diagnostic messages call it. */
  readonly label: string
  readonly largestBatch: number
  /**
   * Records a batch in one atomic step for each nonce. No two have the same hash. If it rejects, it is not known
   * which were recorded.
   *
   * @returns The results, in the order of the batch.
   */
  record(batch: readonly HashedNonce[]): Promise<readonly Recorded[]>
  /** See `NonceStore.prune`. */
  prune(now: number, keepSeconds: number, limit: number): Promise<number>
  /** Is called when no request waits any more. */
  close(): Promise<void>
}

/** The clock of deadlines. Tests pass their own. */
export interface Timing {
  /** The time in milliseconds, as `performance.now()`. */
  now(): number
  /** Calls a function after so many milliseconds. Returns a function that cancels the call. */
  after(milliseconds: number, call: () => void): () => void
}

/** A request that waits. */
interface Waiting {
  readonly deadline: number
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: Error) => void
}

/** A nonce that waits in the queue, or was sent. */
interface Entry {
  readonly nonce: HashedNonce
  /** The requests with this nonce. The first one decides: the others are copies, so at best they are `seen`. */
  requests: Waiting[]
}

/** A batch that was sent. */
interface Batch {
  readonly entries: readonly Entry[]
  /** When the last of the requests stops waiting that were there when it was sent. */
  readonly until: number
}

/**
 * Records nonces in a store that several servers share. The nonces of one turn of the event loop are a batch;
 * while batches are on their way, further nonces wait for the next one.
 *
 * A copy of a nonce that waits, or was sent, joins it, and the store does not see the copy. Nonces that were
 * recorded are remembered for a while, so their copies do not reach the store either.
 *
 * A request waits until its deadline, and no longer, whether the store answers or not. If a batch fails or is
 * late, nobody knows which of its nonces were recorded, so it is *not* sent again.
 */
export class SharedNonces implements NonceEngine {
  readonly #engine: SharedEngine
  readonly #parts: StoreParts
  readonly #timeout: number
  readonly #timing: Timing
  readonly #usage: UsageWrites
  readonly #toMacError: ErrorConverter
  readonly #record: (batch: readonly HashedNonce[]) => Promise<readonly Recorded[]>
  /** All requests that wait. */
  readonly #waiting = new Set<Waiting>()
  /** The nonces in the queue and in batches, by hash. */
  readonly #entries = new Map<string, Entry>()
  readonly #sent = new Set<Batch>()
  readonly #remembered = new BoundedMap<string, true>(MOST_REMEMBERED)
  #queue: Entry[] = []
  #isScheduled = false
  /** When the timer fires. */
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelTimer = () => {}
  /** Resolves {@link close} when no request waits any more. */
  #onEmpty: (() => void) | null = null

  /** @param timeoutSeconds How long a request without a deadline waits. */
  constructor(
    engine: SharedEngine,
    parts: StoreParts,
    timeoutSeconds: number,
    timing: Timing = TIMING,
  ) {
    this.#engine = engine
    this.#parts = parts
    this.#timeout = 1000 * timeoutSeconds
    this.#timing = timing
    this.#usage = new UsageWrites(parts)
    this.#toMacError = errorConverter(engine.nameInErrors)
    const record = publishBatches(engine.label, (batch: readonly HashedNonce[]) =>
      engine.record(batch),
    )
    this.#record = async (batch) => {
      parts.check()
      return record(batch)
    }
  }

  record(nonce: Nonce): Promise<Recorded> {
    const { timestamp, credential, keyNumber, nonce: text, now } = nonce
    const hash = hashOf(timestamp, credential, text)
    if (this.#remembered.has(hash)) return Promise.resolve(SEEN)
    if (this.#waiting.size >= MOST_WAITING) {
      const why = `${MOST_WAITING} requests already wait for their nonces to be recorded.`
      return Promise.reject(new MacError('ERR_MAC_STORE', why))
    }
    return new Promise((resolve, reject) => {
      const deadline = nonce.deadline ?? this.#timing.now() + this.#timeout
      const request = { deadline, resolve, reject }
      this.#waiting.add(request)
      this.#wakeAt(deadline)
      const entry = this.#entries.get(hash)
      if (entry !== undefined) {
        entry.requests.push(request)
        return
      }
      const hashed = { timestamp, credential, keyNumber, nonce: text, now, deadline, hash }
      const added = { nonce: hashed, requests: [request] }
      this.#entries.set(hash, added)
      this.#queue.push(added)
      this.#schedule()
    })
  }

  isKnown(timestamp: number, credential: string, nonce: string): boolean {
    return this.#remembered.has(hashOf(timestamp, credential, nonce))
  }

  countFailure(credential: string, now: number, exists = true): void {
    this.#parts.counters.failures.count(credential, now, exists)
  }

  prune(now: number, keepSeconds: number, limit: number): Promise<number> {
    return publishRemoval(this.#engine.label, 'nonces', async () => {
      try {
        this.#parts.check()
        return await this.#engine.prune(now, keepSeconds, limit)
      } catch (error) {
        throw this.#toMacError(error)
      }
    })
  }

  settled(): Promise<void> {
    return this.#usage.settled()
  }

  /** Waits until each request has its answer, at most until its deadline, and writes the usage that is left. */
  async close(): Promise<void> {
    if (this.#waiting.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    this.#cancelTimer()
    await this.#usage.close()
    await this.#engine.close()
  }

  /** Sends batches at the end of this turn: by then, requests that came together are here. */
  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0 || this.#sent.size >= MOST_BATCHES) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      while (this.#queue.length > 0 && this.#sent.size < MOST_BATCHES) this.#sendNext()
    })
  }

  #sendNext(): void {
    const now = this.#timing.now()
    const entries: Entry[] = []
    let until = 0
    let taken = 0
    for (const entry of this.#queue) {
      if (entries.length === this.#engine.largestBatch) break
      taken++
      // If the first request is late before its nonce was sent, the next one decides.
      entry.requests = entry.requests.filter(({ deadline }) => deadline > now)
      if (entry.requests.length === 0) {
        this.#entries.delete(entry.nonce.hash)
        continue
      }
      for (const { deadline } of entry.requests) until = Math.max(until, deadline)
      entries.push(entry)
    }
    this.#queue.splice(0, taken)
    if (entries.length === 0) return
    const batch = { entries, until }
    this.#sent.add(batch)
    this.#record(entries.map(({ nonce }) => nonce)).then(
      (recorded) => this.#answer(batch, recorded),
      (error) => this.#fail(batch, this.#toMacError(error)),
    )
  }

  #answer(batch: Batch, recorded: readonly Recorded[]): void {
    if (!this.#sent.delete(batch)) return
    for (const [at, { nonce, requests }] of batch.entries.entries()) {
      const result = recorded[at] as Recorded
      const isRecorded = result.verdict === 'new' || result.verdict === 'seen'
      if (isRecorded) this.#remembered.set(nonce.hash, true)
      this.#entries.delete(nonce.hash)
      // If the first request was late, none of its copies is new: the version of the credentials in the result
      // may be from a time before they came.
      for (const [place, request] of requests.entries()) {
        if (!this.#waiting.delete(request)) continue
        request.resolve(place > 0 && isRecorded ? SEEN : result)
      }
    }
    this.#usage.add(
      batch.entries.map(({ nonce }) => nonce),
      recorded,
    )
    this.#goOn()
  }

  #fail(batch: Batch, error: MacError): void {
    if (!this.#sent.delete(batch)) return
    for (const { nonce, requests } of batch.entries) {
      this.#entries.delete(nonce.hash)
      for (const request of requests) if (this.#waiting.delete(request)) request.reject(error)
    }
    this.#goOn()
  }

  #goOn(): void {
    this.#schedule()
    if (this.#waiting.size > 0) return
    this.#onEmpty?.()
    this.#onEmpty = null
  }

  /** Sets the one timer, unless it fires before this time. */
  #wakeAt(deadline: number): void {
    if (deadline >= this.#wakesAt) return
    this.#cancelTimer()
    this.#wakesAt = deadline
    const milliseconds = Math.max(0, Math.ceil(deadline - this.#timing.now()))
    this.#cancelTimer = this.#timing.after(milliseconds, () => this.#wake())
  }

  /** Rejects the requests that are late, and gives up batches of which all are. */
  #wake(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const now = this.#timing.now()
    const late = () => lateError(this.#engine.nameInErrors)
    let next = Number.POSITIVE_INFINITY
    for (const request of this.#waiting) {
      if (request.deadline > now) {
        next = Math.min(next, request.deadline)
        continue
      }
      this.#waiting.delete(request)
      request.reject(late())
    }
    // Its late copies wait no longer either. Otherwise a flood of copies could block the place of a batch that
    // never gets an answer.
    for (const batch of this.#sent) if (batch.until <= now) this.#fail(batch, late())
    if (next !== Number.POSITIVE_INFINITY) this.#wakeAt(next)
    this.#goOn()
  }
}

/** Returns the hash of a nonce. If two were equal by chance (n² / 2^129 for n nonces), one would be rejected. */
function hashOf(timestamp: number, credential: string, nonce: string): string {
  // None of these contains a line feed.
  return sha256Hex(`${timestamp}\n${credential}\n${nonce}`).slice(0, HASH_DIGITS)
}

const TIMING: Timing = {
  now: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds)
    // The connection to the store keeps the process running as long as it matters.
    timer.unref()
    return () => clearTimeout(timer)
  },
}
