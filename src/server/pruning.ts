import { setImmediate } from 'node:timers'
import type { NonceStore } from '../store/store.ts'

/** How many accepted requests there are between two steps at the most. */
const EVERY_REQUESTS = 128
/** How many nonces a step removes at the most: more than come in between two steps. */
const SLICE = 512

/**
 * Removes nonces that no longer matter, in small steps that follow accepted requests: one a second by
 * the server's clock, more often under load. No timer keeps a process alive.
 */
export class Pruning {
  readonly #keepSeconds: number
  #last = Number.NaN
  #requests = 0
  #waiting = false

  /** @param keepSeconds How long a nonce can matter after its timestamp. */
  constructor(keepSeconds: number) {
    this.#keepSeconds = keepSeconds
  }

  /**
   * Is called for every accepted request. The step is taken when the answers of this turn are on
   * their way, so that none waits for it. One that fails is left to the next: the request's own nonce
   * is recorded, and a store that is truly broken shows when the next one cannot be.
   */
  step(nonces: NonceStore, now: number): void {
    this.#requests++
    if (this.#waiting || (now === this.#last && this.#requests < EVERY_REQUESTS)) return
    this.#last = now
    this.#requests = 0
    this.#waiting = true
    setImmediate(async () => {
      await nonces.prune(now, this.#keepSeconds, SLICE).catch(() => 0)
      this.#waiting = false
    })
  }

  /** Removes all that no longer matter, in steps of the same size. */
  async all(nonces: NonceStore, now: number): Promise<number> {
    let removed = 0
    for (;;) {
      const slice = await nonces.prune(now, this.#keepSeconds, SLICE)
      removed += slice
      if (slice < SLICE) return removed
    }
  }
}
