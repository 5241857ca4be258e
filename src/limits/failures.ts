import { MacError } from '../errors.ts'
import type { RateLimit } from '../store/store.ts'
import { Budgets } from './budgets.ts'
import type { Client } from './client.ts'
import type { Counter } from './count.ts'
import { LimitError } from './limit-error.ts'
import { Turns } from './turns.ts'

/** How many addresses are remembered: strangers may come from any number of them. */
const MOST_ADDRESSES = 100_000

/** All those whose address is not known must not share one budget, so they have none. */
const UNKNOWN_ADDRESS =
  'withmac: rateLimit.failures limits nobody whose address is not known, and that of a client was ' +
  'not: give the option clientAddress to createMac or withMac, or { clientAddress } to mac.verify.'
/** Anybody may send such a field: to say so changes nothing. */
const MAY_BE_PROXY =
  'withmac: rateLimit.failures counts by the address of the connection, and a request that was refused ' +
  'came with X-Forwarded-For or Forwarded: behind a proxy all clients are counted as one, and one of ' +
  'them can lock out the others. There, give trustProxy or clientAddress.'

/** How many requests of a client's address may be refused. */
export class FailureLimit {
  /** Those who guess secrets at token endpoints wait here: all endpoints of a `Mac` have one queue. */
  readonly turns: Turns = new Turns()
  readonly #limit: RateLimit
  readonly #budgets: Budgets
  readonly #warnings = new Set<string>()
  /** Until when the budget of any address may be used up, in milliseconds since 1970. */
  #spentUntil = 0

  constructor(limit: RateLimit, counter: Counter | null) {
    this.#limit = limit
    this.#budgets = new Budgets('failures', counter, MOST_ADDRESSES)
  }

  /**
   * Sees to it that an address whose budget is used up costs no look-up.
   * @throws {@link LimitError}; {@link MacError} `ERR_MAC_CALLBACK` where the address cannot be had.
   */
  check(client: Client | null): void {
    const spent = this.#spent(client?.address ?? null)
    if (spent !== null) throw spent
  }

  /** Whether the budget of any address may be used up: where none is, none need be asked for. */
  someSpent(): boolean {
    return this.#spentUntil > 0 && this.#spentUntil > Date.now()
  }

  /** Whether the client's is. One whose address cannot be had is held against nobody. */
  isSpent(client: Client | null): boolean {
    try {
      const address = client?.address ?? null
      return address !== null && this.#budgets.spent(address, this.#limit) !== null
    } catch {
      return false
    }
  }

  /** How many more requests of an address may be refused. */
  left(address: string): number {
    return this.#budgets.left(address, this.#limit)
  }

  /**
   * Takes a refusal off the budget of the client's address, if it is one that is counted.
   * @returns What to answer: beyond the budget, all refusals of it are alike.
   */
  async count(client: Client | null, thrown: unknown): Promise<unknown> {
    if (!isFailure(thrown)) return thrown
    try {
      const address = client?.address ?? null
      if (address === null) {
        this.#warnOnce(UNKNOWN_ADDRESS)
        return thrown
      }
      const spent = this.#spent(address, thrown)
      if (spent !== null) return spent
      if (client?.mayBeProxy) this.#warnOnce(MAY_BE_PROXY)
      const count = await this.#budgets.take(address, this.#limit)
      if (count.used >= this.#limit.requests) {
        this.#spentUntil = Math.max(this.#spentUntil, count.resetAt)
      }
      if (count.used <= this.#limit.requests) return thrown
      return new LimitError('failures', address, this.#limit, count, { cause: thrown })
    } catch (error) {
      return error
    }
  }

  #spent(address: string | null, cause?: unknown): LimitError | null {
    const count = address === null ? null : this.#budgets.spent(address, this.#limit)
    if (address === null || count === null) return null
    return new LimitError('failures', address, this.#limit, count, { cause })
  }

  #warnOnce(warning: string): void {
    if (this.#warnings.has(warning)) return
    this.#warnings.add(warning)
    console.error(warning)
  }
}

/** Whoever sends no credentials at all has tried none. */
function isFailure(thrown: unknown): thrown is MacError {
  return thrown instanceof MacError && thrown.status === 401 && thrown.code !== 'ERR_MAC_MISSING'
}
