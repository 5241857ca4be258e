import { setImmediate } from 'node:timers'
import type { CredentialStore, NonceStore, Store } from '../store/types.ts'

/** How many accepted requests there are between two steps while there is more to remove. */
const EVERY_REQUESTS = 128
/** How many nonces a step removes at most: more than are added between two steps. */
const SLICE = 512
/** How often credentials are cleaned up, by the server's clock. */
const CREDENTIALS_EVERY_SECONDS = 60

/**
 * Removes nonces that no longer matter, in small steps that follow accepted requests: one a second by the
 * server's clock, and more often while one step is not enough. Once a minute it also removes expired
 * credentials that were made with `removeWhenExpired`, and old keys whose grace has ended. Until then these
 * are rejected by the verification, not by their absence.
 *
 * There is no timer that would keep a process alive.
 */
export class Cleanup {
  readonly #keepSeconds: number
  #last = Number.NaN
  /** When credentials were last cleaned up. */
  #lastCredentials = Number.NaN
  #requests = 0
  #waiting = false
  /** Whether the last step removed as many as it may, so that there are probably more. */
  #more = false

  /** @param keepSeconds For how long a nonce matters after its timestamp. */
  constructor(keepSeconds: number) {
    this.#keepSeconds = keepSeconds
  }

  /**
   * Is called for each accepted request. The step itself runs after the responses of this turn of the
   * event loop, so that none waits for it. A step that fails is left to the next: the nonce of the request
   * is recorded already, and a store that is broken shows when the next nonce cannot be.
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
      if (!(Math.abs(now - this.#lastCredentials) < CREDENTIALS_EVERY_SECONDS)) {
        this.#lastCredentials = now
        await cleanUpCredentials(credentials, now).catch(() => {})
      }
      this.#waiting = false
    })
  }

  /** Removes everything that no longer matters, in steps of the same size; returns the number of nonces. */
  async all({ nonces, credentials }: Store, now: number): Promise<number> {
    const removed = await this.#allNonces(nonces, now)
    await cleanUpCredentials(credentials, now)
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

/** Cleans up until nothing is left, and lets requests run in between. */
async function cleanUpCredentials(credentials: CredentialStore, now: number): Promise<void> {
  while ((await credentials.cleanUp(now)) > 0) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}
