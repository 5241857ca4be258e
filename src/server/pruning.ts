import type { NonceStore } from '../store/store.ts'

/** How many accepted requests there are between two steps at the most. */
const EVERY_REQUESTS = 64
/** How many nonces a step removes at the most: more than come in between two steps. */
const SLICE = 256

/**
 * Removes nonces that no longer matter, in small steps that ride on accepted requests: one a second
 * by the server's clock, more often under load. No timer keeps a process alive.
 */
export class Pruning {
  readonly #keepSeconds: number
  #last = Number.NaN
  #requests = 0

  /** @param keepSeconds How long a nonce can matter after its timestamp. */
  constructor(keepSeconds: number) {
    this.#keepSeconds = keepSeconds
  }

  /**
   * Is called for every accepted request. A step that fails is left to the next one: the request's
   * own nonce is recorded, and a store that is truly broken shows when the next one cannot be.
   */
  async step(nonces: NonceStore, now: number): Promise<void> {
    this.#requests++
    if (now === this.#last && this.#requests < EVERY_REQUESTS) return
    this.#last = now
    this.#requests = 0
    await nonces.prune(now, this.#keepSeconds, SLICE).catch(() => 0)
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
