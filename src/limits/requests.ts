import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { StoredCredential } from '../store/types.ts'
import type { RateLimit } from '../types.ts'
import { Budgets } from './budgets.ts'
import type { Counter } from './count.ts'
import { type RateLimitFields, rateLimitFields } from './fields.ts'
import { LimitError } from './limit-error.ts'
import { shortName } from './short-name.ts'

/** How many credentials are remembered. Only who signed well is: there are no more than you made. */
const MOST_CREDENTIALS = 1_000_000
/** After how many milliseconds a credential that may send no more is looked up again. */
const LOOK_EVERY = 1000
/** How many accepted requests are remembered: the later half in any case. */
const MOST_ACCEPTED = 20_000

/** How many requests of a credential are taken. */
export class RequestLimit {
  readonly #general: RateLimit | null
  readonly #budgets: Budgets
  /** When a credential whose budget is used up was last looked up. */
  readonly #looked = new BoundedMap<string, number>(MOST_CREDENTIALS)
  /** Requests that were taken off a budget: a copy of one is a replay, also when the budget is used up. */
  readonly #accepted = new BoundedMap<string, true>(MOST_ACCEPTED)

  /** @param general What holds for a credential without a limit of its own. */
  constructor(general: RateLimit | null, counter: Counter | null) {
    this.#general = general
    this.#budgets = new Budgets('requests', counter, MOST_CREDENTIALS)
  }

  /** What holds for a credential; `null` where nothing is counted. */
  limitOf(credential: StoredCredential): RateLimit | null {
    return credential.rateLimit ?? this.#general
  }

  /** Why a credential may send no more for now; `null` where it may, as far as this process knows. */
  spent(credential: StoredCredential): LimitError | null {
    const limit = this.limitOf(credential)
    if (limit === null) return null
    const { id } = credential
    const count = this.#budgets.spent(id, limit)
    return count === null ? null : new LimitError('requests', id, limit, count)
  }

  /**
   * The error for a request whose MAC is right, by the budget that is used up. If it is a copy of one that
   * was accepted, that is its cause: the client must not take the first for rejected as well.
   */
  refusalOf(spent: LimitError, sent: MacAuthorization): LimitError {
    if (this.#accepted.has(nameOf(sent))) spent.cause = new MacError('ERR_MAC_REPLAY')
    return spent
  }

  /**
   * Whether to look up a credential that may send no more: nothing else would tell that its limit was
   * raised since, or that it was revoked.
   */
  shouldLookUp({ id }: StoredCredential): boolean {
    const now = Date.now()
    if (now - (this.#looked.get(id) ?? 0) < LOOK_EVERY) return false
    this.#looked.set(id, now)
    return true
  }

  /**
   * Takes a request, whose nonce was new, off the budget of a credential.
   * @throws {@link LimitError} where there was nothing left.
   */
  async take(
    { id }: StoredCredential,
    limit: RateLimit,
    sent: MacAuthorization,
  ): Promise<RateLimitFields> {
    const name = nameOf(sent)
    // Before it is counted: a copy may come meanwhile.
    this.#accepted.set(name, true)
    const count = await this.#budgets.take(id, limit)
    if (count.used <= limit.requests) return rateLimitFields('requests', limit, count)
    this.#accepted.delete(name)
    throw new LimitError('requests', id, limit, count)
  }
}

/** None of the three holds a line feed. */
function nameOf({ ts, id, nonce }: MacAuthorization): string {
  return shortName(`${ts}\n${id}\n${nonce}`)
}
