import type { MacError } from '../errors.ts'
import { nonceName } from './nonce-name.ts'
import type { Nonce, Recorded } from './store.ts'

/** Batches up to this size have a statement for each size, and larger ones for its multiples. */
const STEP = 64
/** The largest batch. */
export const LARGEST = 512

/** A nonce that waits to be recorded. */
export interface Waiting extends Nonce {
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: MacError) => void
  /** Those that are the same in everything and came later: none of them can be new. */
  readonly copies: Waiting[]
  /** When it was first found that another process holds the lock. */
  lockedSince: number | null
}

/** Nonces that are recorded together; no two of them are the same. */
export interface Batch {
  readonly nonces: readonly Waiting[]
  /** Whether some may be the same text, of another credential or with another timestamp. */
  readonly alike: boolean
}

/** The nonces that wait, in the order in which they came. */
export class NonceQueue {
  #waiting: Waiting[] = []
  #count = 0

  /** How many wait, copies among them. */
  get count(): number {
    return this.#count
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#count++
  }

  /** Takes as many off the queue as make a batch, each with the copies of it that are there. */
  take(): Batch {
    const alone = this.#waiting.length === 1
    const batch = alone ? { nonces: this.#waiting.splice(0), alike: false } : this.#takeMany()
    for (const { copies } of batch.nonces) this.#count -= 1 + copies.length
    return batch
  }

  /**
   * Puts a batch back that found the database locked, as the first to come. Whoever waits is asked
   * whether it may go on to do so, also those behind the batch: the lock keeps them waiting as well.
   *
   * @returns Those that may not, copies among them; they wait no longer.
   */
  putBack({ nonces }: Batch, mayWait: (waiting: Waiting) => boolean): Waiting[] {
    const impatient: Waiting[] = []
    const staying: Waiting[] = []
    for (const first of [...nonces, ...this.#waiting]) {
      for (const each of [first, ...first.copies.splice(0)]) {
        const all = mayWait(each) ? staying : impatient
        all.push(each)
      }
    }
    this.#waiting = staying
    this.#count = staying.length
    return impatient
  }

  #takeMany(): Batch {
    const nonces: Waiting[] = []
    const rest: Waiting[] = []
    /** By their text; the others of the same text by all that they are. */
    const taken = new Map<string, Waiting>()
    let alike = false
    for (const waiting of this.#waiting) {
      const { timestamp, credential, nonce } = waiting
      const same = taken.get(nonce)
      // Only where texts meet is a name made.
      const other = same !== undefined && !isCopy(waiting, same)
      const name = other ? nonceName(timestamp, credential, nonce) : nonce
      const first = other ? taken.get(name) : same
      if (first !== undefined) first.copies.push(waiting)
      else if (nonces.length === LARGEST) rest.push(waiting)
      else {
        if (other) alike = true
        taken.set(name, waiting)
        nonces.push(waiting)
      }
    }
    const size = nonces.length > STEP ? nonces.length - (nonces.length % STEP) : nonces.length
    this.#waiting = [...nonces.splice(size), ...rest]
    return { nonces, alike }
  }
}

function isCopy(one: Nonce, other: Nonce): boolean {
  return one.timestamp === other.timestamp && one.credential === other.credential
}
