import { CopyLimit } from './copies.ts'
import type { Counter } from './count.ts'
import { FailureLimit } from './failures.ts'
import { MemoryCounter } from './memory-counter.ts'
import { RequestLimit } from './requests.ts'
import type { LimitSettings } from './settings.ts'
import { SharedCounter } from './shared-counter.ts'

/** All limits of a `Mac`. Nothing is loaded or opened before one of them counts. */
export class Limits {
  /** `null` where failures are not limited. */
  readonly failures: FailureLimit | null
  /** Goes with it. */
  readonly copies: CopyLimit | null
  /** Is always there: a credential may have a limit of its own. */
  readonly requests: RequestLimit
  /** Where all is counted. */
  readonly counter: Counter
  /** Whether something is limited besides credentials with a limit of their own. */
  readonly #asked: boolean

  constructor({ failures, requests, store }: LimitSettings) {
    this.counter = store === null ? new MemoryCounter() : new SharedCounter(store)
    this.#asked = failures !== null || requests !== null || store !== null
    this.failures = failures === null ? null : new FailureLimit(failures, this.counter)
    this.copies = this.failures === null ? null : new CopyLimit(this.failures)
    this.requests = new RequestLimit(requests, this.counter)
  }

  /**
   * Makes ready what is needed, where limits were asked for.
   * @throws TypeError where a package is not installed.
   */
  async ready(): Promise<void> {
    if (this.#asked) await this.counter.ready()
  }

  close(): Promise<void> {
    return this.counter.close()
  }
}
