import { BoundedMap } from '../bounded-map.ts'
import type { RateLimit } from '../types.ts'
import { type Count, type Counter, withinWindow } from './count.ts'
import { shortName } from './short-name.ts'

/** What a budget is for; the name of its policy in `RateLimit-Policy`. */
export type BudgetName = 'failures' | 'requests' | 'credentials'

/**
 * The budgets of many, each with a window of its own that its first use opens. They are counted here, and
 * besides in a store that processes share, if there is one. One that is used up here costs nothing more:
 * neither is its store asked, nor does it grow there.
 */
export class Budgets {
  readonly #name: BudgetName
  readonly #counter: Counter | null
  readonly #counts: BoundedMap<string, Count>

  /**
   * @param counter Counts for several processes; `null` where each counts for itself.
   * @param most Of how many something is known. Beyond that, those that were used longest ago go; the half
   *   that was used last stays. So to have a budget forgotten costs half as many uses of other budgets.
   */
  constructor(name: BudgetName, counter: Counter | null, most: number) {
    this.#name = name
    this.#counter = counter
    this.#counts = new BoundedMap(most, ({ resetAt }) => resetAt)
  }

  /** How the budget of one stands, where this process knows that it is used up; else `null`. */
  spent(whose: string, limit: RateLimit): Count | null {
    const count = this.#open(this.#key(whose, limit), limit)
    return count !== null && count.used >= limit.requests ? count : null
  }

  /** How much of the budget of one is left, as far as this process knows. */
  left(whose: string, limit: RateLimit): number {
    return limit.requests - (this.#open(this.#key(whose, limit), limit)?.used ?? 0)
  }

  /** Takes one off a budget in this process alone, and tells how it stands then. */
  takeHere(whose: string, limit: RateLimit): Count {
    return this.#takeHere(this.#key(whose, limit), limit)
  }

  /**
   * Takes one off a budget, and tells how it stands then: more may be used than there was. In this process
   * it counts at once, before the store has answered.
   */
  async take(whose: string, limit: RateLimit): Promise<Count> {
    const key = this.#key(whose, limit)
    const here = this.#takeHere(key, limit)
    const shared = this.#counter === null ? null : await this.#counter.add(key, limit.seconds)
    if (shared === null) return here
    // Others that were taken here meanwhile may not have reached the store.
    const used = Math.max(shared.used, this.#open(key, limit)?.used ?? 0)
    this.#counts.set(key, { ...shared, used })
    return shared
  }

  #takeHere(key: string, limit: RateLimit): Count {
    const { used, resetAt } = this.#open(key, limit) ?? newWindow(limit)
    const count = { used: used + 1, resetAt }
    this.#counts.set(key, count)
    return count
  }

  /** What was counted in a window that is not over. */
  #open(key: string, limit: RateLimit): Count | null {
    const known = this.#counts.get(key)
    if (known === undefined || known.resetAt <= Date.now()) return null
    const count = withinWindow(known, limit.seconds)
    if (count !== known) this.#counts.set(key, count)
    return count
  }

  /** A limit of another length is another budget. */
  #key(whose: string, { seconds }: RateLimit): string {
    return `${this.#name}:${seconds}:${shortName(whose)}`
  }
}

function newWindow({ seconds }: RateLimit): Count {
  return { used: 0, resetAt: Date.now() + seconds * 1000 }
}
