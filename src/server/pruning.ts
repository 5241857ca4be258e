import { setImmediate } from 'node:timers'
import type { NonceStore, Store } from '../store/types.ts'
import { Sweeping } from './sweeping.ts'

/** How many accepted requests there are between two steps, while there is more to remove. */
const EVERY_REQUESTS = 128
/** How many nonces a step removes at the most: more than come in between two steps. */
const SLICE = 512

/**
 * Removes nonces that no longer matter, in small steps that follow accepted requests: one a second by
 * the server's clock, more often while one step is not enough. Once a minute it has credentials swept.
 * No timer keeps a process alive.
 */
export class Pruning {
  readonly #keepSeconds: number
  readonly #sweeping = new Sweeping()
  #last = Number.NaN
  #requests = 0
  #waiting = false
  /** Whether the last step removed as many as it may, so that there are likely to be more. */
  #more = false

  /** @param keepSeconds How long a nonce can matter after its timestamp. */
  constructor(keepSeconds: number) {
    this.#keepSeconds = keepSeconds
  }

  /**
   * Is called for every accepted request. The step is taken when the answers of this turn are on
   * their way, so that none waits for it. One that fails is left to the next: the request's own nonce
   * is recorded, and a store that is truly broken shows when the next one cannot be.
   */
  step({ nonces, credentials }: Store, now: number): void {
    this.#requests++
    const due = now !== this.#last || (this.#more && this.#requests >= EVERY_REQUESTS)
    if (!due || this.#waiting) return
    this.#last = now
    this.#requests = 0
    this.#waiting = true
    setImmediate(async () => {
      const removed = await nonces.prune(now, this.#keepSeconds, SLICE).catch(() => 0)
      this.#more = removed >= SLICE
      await this.#sweeping.step(credentials, now)
      this.#waiting = false
    })
  }

  /** Removes all that no longer matter, in steps of the same size; tells how many nonces there were. */
  async all({ nonces, credentials }: Store, now: number): Promise<number> {
    const removed = await this.#allNonces(nonces, now)
    await this.#sweeping.all(credentials, now)
    return removed
  }

  async #allNonces(nonces: NonceStore, now: number): Promise<number> {
    let removed = 0
    for (;;) {
      const slice = await nonces.prune(now, this.#keepSeconds, SLICE)
      removed += slice
      if (slice < SLICE) return removed
    }
  }
}
