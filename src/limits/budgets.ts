import type { RateLimit } from '../store/store.ts'
import { type Count, type Counter, withinWindow } from './count.ts'
import { shortName } from './short-name.ts'

/** What a budget is for; the name of its policy in `RateLimit-Policy`. */
export type BudgetName = 'failures' | 'requests' | 'credentials'

/**
 * The budgets of many, each with a window of its own that its first use opens. What is known of them
 * is kept here as well, so that one that is used up costs nothing more: neither is its store asked,
 * nor does it grow there.
 */
export class Budgets {
  readonly #name: BudgetName
  readonly #counter: Counter
  readonly #most: number
  /** In the order in which the windows were opened. */
  readonly #counts = new Map<string, Count>()

  /** @param most Of how many something is known; beyond that, the one whose window is oldest goes. */
  constructor(name: BudgetName, counter: Counter, most: number) {
    this.#name = name
    this.#counter = counter
    this.#most = most
  }

  /** How the budget of one stands, where this process knows that it is used up; else `null`. */
  spent(whose: string, limit: RateLimit): Count | null {
    const count = this.#open(whose, limit)
    return count !== null && count.used >= limit.requests ? count : null
  }

  /** How much of the budget of one is left, as far as this process knows. */
  left(whose: string, limit: RateLimit): number {
    return limit.requests - (this.#open(whose, limit)?.used ?? 0)
  }

  /** Takes one off a budget, and tells how it stands then: more may be used than there was. */
  async take(whose: string, limit: RateLimit): Promise<Count> {
    const key = this.#key(whose, limit)
    const count = await this.#counter.add(key, limit.seconds)
    this.#keep(key, count)
    return count
  }

  /** What was counted in a window that is not over. */
  #open(whose: string, limit: RateLimit): Count | null {
    const key = this.#key(whose, limit)
    const known = this.#counts.get(key)
    if (known === undefined || known.resetAt <= Date.now()) return null
    const count = withinWindow(known, limit.seconds)
    if (count !== known) this.#counts.set(key, count)
    return count
  }

  #keep(key: string, count: Count): void {
    const known = this.#counts.get(key)
    if (known !== undefined && known.resetAt <= Date.now()) this.#counts.delete(key)
    this.#counts.set(key, count)
    const now = Date.now()
    for (const [oldest, { resetAt }] of this.#counts) {
      if (resetAt > now && this.#counts.size <= this.#most) return
      this.#counts.delete(oldest)
      this.#counter.forget(oldest)
    }
  }

  /** A limit of another length is another budget. */
  #key(whose: string, { seconds }: RateLimit): string {
    return `${this.#name}:${seconds}:${shortName(whose)}`
  }
}
