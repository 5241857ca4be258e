/**
 * Up to where timestamps may be refused because their nonces are forgotten. A store may forget what
 * is older than its window by the clock that was furthest ahead, and it cannot have forgotten what
 * was never sent.
 */
export class Floor {
  readonly #windowSeconds: number
  #latestSent = 0
  /** The latest moment that any clock ever showed, in seconds. */
  #peak = 0
  /** How far ahead the clock is that is furthest ahead now. */
  #ahead = 0

  constructor(windowSeconds: number) {
    this.#windowSeconds = windowSeconds
  }

  sent(ts: number): void {
    this.#latestSent = Math.max(this.#latestSent, ts)
  }

  clockWas(offset: number): void {
    this.#peak = Math.max(this.#peak, seconds() + this.#ahead, seconds() + offset)
    this.#ahead = Math.max(this.#ahead, offset)
  }

  /** Says which offsets are in force, after a change was made everywhere. */
  clocksAre(offsets: readonly number[]): void {
    this.#peak = Math.max(this.#peak, seconds() + this.#ahead)
    this.#ahead = Math.max(0, ...offsets)
  }

  /** The last timestamp that may be refused. */
  bound(): number {
    const peak = Math.max(this.#peak, seconds() + this.#ahead)
    return Math.min(peak - this.#windowSeconds, this.#latestSent)
  }
}

function seconds(): number {
  return Math.ceil(Date.now() / 1000)
}
