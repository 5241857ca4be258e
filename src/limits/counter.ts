import { createHash } from 'node:crypto'
import { BoundedMap } from '../bounded-map.ts'
import type { RateLimit } from '../types.ts'

/** What is limited: the name of the policy in `RateLimit-Policy`. */
export type PolicyName = 'failures' | 'requests' | 'credentials'

/** The count of a window. */
export interface Count {
  readonly used: number
  /** When the window ends and counting starts again, in milliseconds since 1970 by the system's clock. */
  readonly resetAt: number
}

/** A store in which several processes count together. */
export interface Shared {
  /**
   * Counts one in a window of so many seconds. The first count opens the window.
   * @returns The count; `null` if the store cannot be used now.
   */
  add(key: string, seconds: number): Promise<Count | null>
}

/** The longest key that is not hashed. The column in PostgreSQL has 255 characters. */
const LONGEST_KEY = 150

/**
 * A fixed-window counter for many keys. The first count of a key opens its window. It counts in this
 * process, and also in a store that processes share, if there is one. Once a key is exhausted in this
 * process, it costs nothing more: the store is not asked, and the count does not grow.
 */
export class FixedWindowCounter {
  readonly #name: PolicyName
  readonly #shared: Shared | null
  readonly #counts: BoundedMap<string, Count>

  /**
   * @param shared `null` if each process counts for itself.
   * @param most The maximum number of counts. With more, the oldest are dropped, but the half that was used
   *   last stays. So an attacker needs `most / 2` other keys to get a count dropped.
   */
  constructor(name: PolicyName, shared: Shared | null, most: number) {
    this.#name = name
    this.#shared = shared
    this.#counts = new BoundedMap(most, ({ resetAt }) => resetAt)
  }

  /** Returns the count if this process knows that the limit is exhausted; otherwise `null`. */
  exhausted(whose: string, limit: RateLimit): Count | null {
    const count = this.#open(this.#key(whose, limit), limit)
    return count !== null && count.used >= limit.requests ? count : null
  }

  /** Returns how many are left until the limit is exhausted, as far as this process knows. */
  left(whose: string, limit: RateLimit): number {
    return limit.requests - (this.#open(this.#key(whose, limit), limit)?.used ?? 0)
  }

  /** Counts one in this process only. Returns the count, which may be above the limit. */
  countHere(whose: string, limit: RateLimit): Count {
    return this.#countHere(this.#key(whose, limit), limit)
  }

  /**
   * Counts one. Returns the count, which may be above the limit. This process counts at once, before the
   * shared store has answered.
   */
  async count(whose: string, limit: RateLimit): Promise<Count> {
    const key = this.#key(whose, limit)
    const here = this.#countHere(key, limit)
    const added = (await this.#shared?.add(key, limit.seconds)) ?? null
    if (added === null) return here
    const shared = withinWindow(added, limit)
    // Later counts of this process may not have reached the store yet.
    const used = Math.max(shared.used, this.#open(key, limit)?.used ?? 0)
    this.#counts.set(key, { ...shared, used })
    return shared
  }

  #countHere(key: string, limit: RateLimit): Count {
    const { used, resetAt } = this.#open(key, limit) ?? { used: 0, resetAt: windowEnd(limit) }
    const count = { used: used + 1, resetAt }
    this.#counts.set(key, count)
    return count
  }

  /** Returns the count of a key, if its window is not over. */
  #open(key: string, limit: RateLimit): Count | null {
    const known = this.#counts.get(key)
    if (known === undefined || known.resetAt <= Date.now()) return null
    const count = withinWindow(known, limit)
    if (count !== known) this.#counts.set(key, count)
    return count
  }

  /** The key of a count. Windows of different lengths have separate counts. */
  #key(whose: string, { seconds }: RateLimit): string {
    return `${this.#name}:${seconds}:${hashedKey(whose)}`
  }
}

/** Returns a key of bounded length: long texts are hashed, because clients choose them. */
export function hashedKey(text: string): string {
  if (text.length <= LONGEST_KEY) return text
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`
}

function windowEnd({ seconds }: RateLimit): number {
  return Date.now() + seconds * 1000
}

/** Returns the count with a window that ends no later than a new one. It would if the clock was set back. */
function withinWindow(count: Count, limit: RateLimit): Count {
  const latest = windowEnd(limit)
  return count.resetAt <= latest ? count : { ...count, resetAt: latest }
}
