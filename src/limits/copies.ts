import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { nonceName } from '../store/nonce-name.ts'
import type { Client } from './client.ts'
import type { FailureLimit } from './failures.ts'
import { shortName } from './short-name.ts'

/** How many requests are remembered: the later half in any case. Only who holds a right one can add one. */
const MOST = 20_000

/**
 * Sees to it that copies of a right request cost neither body nor store, where they come from an address
 * whose budget of failures is used up. Who signs anew gets in from there as ever.
 *
 * While no budget is used up, nothing is looked at, and no address asked for.
 */
export class CopyLimit {
  readonly #failures: FailureLimit
  /** Those whose nonce the store refused, which it will refuse again, and whether as a replay. */
  readonly #refused = new BoundedMap<string, boolean>(MOST)
  /** Those from such addresses that are with the store now. */
  readonly #underWay = new Set<string>()

  constructor(failures: FailureLimit) {
    this.#failures = failures
  }

  /** @throws {@link LimitError} where the nonce was refused before. */
  check(client: Client | null, sent: MacAuthorization): void {
    if (this.#refused.size === 0 || !this.#failures.someSpent()) return
    const isReplay = this.#refused.get(nameOf(sent))
    if (isReplay === undefined || !this.#failures.isSpent(client)) return
    this.#failures.check(client, isReplay ? new MacError('ERR_MAC_REPLAY') : undefined)
  }

  /**
   * Lets a request pass to the store, unless a copy of it is there. Only who sends the right body gets so
   * far, so nobody keeps the true request out by a copy of its header.
   *
   * @returns What to give to {@link leave} afterwards, or `null`.
   * @throws {@link LimitError}
   */
  enter(client: Client | null, sent: MacAuthorization): string | null {
    if (!this.#failures.someSpent() || !this.#failures.isSpent(client)) return null
    const name = nameOf(sent)
    const isReplay = this.#underWay.has(name) || this.#refused.get(name)
    if (isReplay !== undefined) {
      this.#failures.check(client, isReplay ? new MacError('ERR_MAC_REPLAY') : undefined)
    }
    this.#underWay.add(name)
    return name
  }

  leave(name: string): void {
    this.#underWay.delete(name)
  }

  /**
   * Remembers a request whose nonce the store refused.
   * @param isReplay Whether it had the nonce before: otherwise it is too old to tell.
   */
  remember(sent: MacAuthorization, isReplay = true): void {
    this.#refused.set(nameOf(sent), isReplay)
  }
}

/** By what the store tells nonces apart: whatever else is signed, it is refused. */
function nameOf({ ts, id, nonce }: MacAuthorization): string {
  return shortName(nonceName(ts, id, nonce))
}
