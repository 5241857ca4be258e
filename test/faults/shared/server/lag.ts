import { setInterval } from 'node:timers'

/** How often it looks at the clock, in milliseconds. */
const TICK = 20

/**
 * Measures how long work takes, without the time in which the machine did not run this process. So a busy machine
 * does not look like a missed deadline.
 */
export class Lag {
  #last = performance.now()
  #lost = 0

  constructor() {
    setInterval(() => {
      const now = performance.now()
      this.#lost += Math.max(0, now - this.#last - 2 * TICK)
      this.#last = now
    }, TICK).unref()
  }

  begin(): { readonly at: number; readonly lost: number } {
    return { at: performance.now(), lost: this.#lost }
  }

  /** @returns How many milliseconds the work took. */
  end({ at, lost }: { readonly at: number; readonly lost: number }): number {
    const now = performance.now()
    const running = Math.max(0, now - this.#last - 2 * TICK)
    return Math.max(0, now - at - (this.#lost - lost) - running)
  }
}
