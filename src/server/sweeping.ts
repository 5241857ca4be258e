import { setImmediate } from 'node:timers'
import type { CredentialStore } from '../store/types.ts'

/** How often credentials are swept, in seconds by the server's clock. */
const INTERVAL = 60

/**
 * Has old keys removed whose grace has ended, and credentials that are to go, once a minute. Until then
 * they are there and let nobody in: that is for the verification to see.
 */
export class Sweeping {
  #last = Number.NaN

  /** Sweeps when a minute has passed. One that fails is left to the next minute. */
  async step(credentials: CredentialStore, now: number): Promise<void> {
    if (Math.abs(now - this.#last) < INTERVAL) return
    this.#last = now
    await this.all(credentials, now).catch(() => {})
  }

  /** Sweeps until nothing is left, and lets requests come in between. */
  async all(credentials: CredentialStore, now: number): Promise<void> {
    while ((await credentials.sweep(now)) > 0) await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
