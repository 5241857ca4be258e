import { Budgets } from './budgets.ts'
import { FailureLimit } from './failures.ts'
import { RequestLimit } from './requests.ts'
import type { LimitSettings } from './settings.ts'
import { SharedCounter } from './shared-counter.ts'

/** Of how many clients of token endpoints something is known. Only those that proved who they are. */
const MOST_CLIENTS = 100_000

/**
 * All limits of a `Mac`: however many handlers and token endpoints it has, they count together. Nothing is
 * loaded or opened before one of them counts.
 */
export class Limits {
  /** `null` where failures are not limited. */
  readonly failures: FailureLimit | null
  /** Is always there: a credential may have a limit of its own. */
  readonly requests: RequestLimit
  /** How many credentials clients got at token endpoints. */
  readonly credentials: Budgets
  readonly #counter: SharedCounter | null

  constructor({ failures, requests, store }: LimitSettings) {
    const counter = store === null ? null : new SharedCounter(store)
    this.failures = failures === null ? null : new FailureLimit(failures, counter)
    this.requests = new RequestLimit(requests, counter)
    this.credentials = new Budgets('credentials', counter, MOST_CLIENTS)
    this.#counter = counter
  }

  /**
   * Makes ready what is needed, where processes count together.
   * @throws TypeError where a package is not installed.
   */
  async ready(): Promise<void> {
    await this.#counter?.ready()
  }

  async close(): Promise<void> {
    await this.#counter?.close()
  }
}
