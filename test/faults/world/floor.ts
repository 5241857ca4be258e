/**
 * Knows up to which timestamp requests may be rejected because nonces were removed. A store may remove
 * what is older than its window by the fastest clock. It cannot have removed what was never sent.
 */
export class Floor {
  readonly #windowSeconds: number
  #latestSent = 0
  /** The latest time that any clock has shown, in seconds. */
  #peak = 0
  /** How far the fastest clock is ahead now, in seconds. */
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

  /** Sets the current offsets, after a change in all processes. */
  clocksAre(offsets: readonly number[]): void {
    this.#peak = Math.max(this.#peak, seconds() + this.#ahead)
    this.#ahead = Math.max(0, ...offsets)
  }

  /** @returns The last timestamp that may be rejected. */
  bound(): number {
    const peak = Math.max(this.#peak, seconds() + this.#ahead)
    return Math.min(peak - this.#windowSeconds, this.#latestSent)
  }
}

function seconds(): number {
  return Math.ceil(Date.now() / 1000)
}
