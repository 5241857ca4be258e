import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'
import { isShortKey } from '../protocol/signature.ts'
import type { RateLimit } from '../types.ts'
import { Budgets } from './budgets.ts'
import type { Client } from './client.ts'
import type { Counter } from './count.ts'
import { LimitError } from './limit-error.ts'
import { Turns } from './turns.ts'

/** How many addresses are remembered: strangers may come from any number of them. */
const MOST_ADDRESSES = 100_000
/** In place of an identifier that no cached credential has, so that the work is the same. */
const NO_CREDENTIAL = ''
/** For how long it is remembered that a credential signed from an address, in milliseconds. */
const REMEMBER_SIGNER = 3_600_000
/** After how many milliseconds the address of a credential's requests is asked for again. */
const ASK_EVERY = 10_000
/** Of how many requests before that it is asked for besides: who signs the most must not be all that is seen. */
const ASK_SHARE = 1 / 16

/** A cached key of a credential. */
export interface Signer {
  readonly credential: { readonly id: string }
  /** The key, as it is written. */
  readonly text: string
  /** When the address of a request of the credential was last asked for, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** All those whose address is not known must not share one budget, so they have none. */
const UNKNOWN_ADDRESS =
  'withmac: rateLimit.failures limits nobody whose address is not known, and that of a client was ' +
  'not: give the option clientAddress to createMac or withMac, or { clientAddress } to mac.verify.'
/** Anybody may send such a field: to say so changes nothing. */
const MAY_BE_PROXY =
  'withmac: rateLimit.failures counts by the address of the connection, and a request that was refused ' +
  'came with X-Forwarded-For or Forwarded: behind a proxy all clients are counted as one, and one of ' +
  'them can lock out the others. There, give trustProxy or clientAddress.'

/**
 * How many requests of a client's address may be refused.
 *
 * An address whose budget is used up costs no look-up. Cached credentials still sign from there, whose MAC
 * is known to be right without one: so keys could be guessed by trying. Therefore a cached credential
 * counts as unknown at an address from which, within the window, as many wrong MACs came in its name as
 * the budget has requests; but not where it has signed from that address within the last hour, so that a
 * neighbour cannot lock it out. With a key short enough to be guessed, it counts as unknown there as well.
 */
export class FailureLimit {
  /** Those who guess secrets at token endpoints wait here: all endpoints of a `Mac` have one queue. */
  readonly turns: Turns = new Turns()
  readonly #limit: RateLimit
  readonly #budgets: Budgets
  /** Wrong MACs in the name of cached credentials, by address and credential. */
  readonly #guesses: Budgets
  /** When a credential last signed from an address, by both. Only accepted requests get in here. */
  readonly #signers = new BoundedMap<string, number>(MOST_ADDRESSES)
  /** Until when a cached credential may count as unknown at some address. */
  #guessedUntil = 0
  readonly #warnings = new Set<string>()
  /** Until when the budget of any address may be used up, in milliseconds since 1970. */
  #spentUntil = 0

  constructor(limit: RateLimit, counter: Counter | null) {
    this.#limit = limit
    this.#budgets = new Budgets('failures', counter, MOST_ADDRESSES)
    this.#guesses = new Budgets('failures', null, MOST_ADDRESSES)
  }

  /**
   * Counts a wrong MAC in the name of a cached credential: before anything is waited for, so that it makes
   * no difference how many are sent at once.
   *
   * @param id `null` where no credential of that name is cached: that is as much work, and comes to nothing.
   */
  countGuess(client: Client | null, id: string | null): void {
    const address = addressOf(client)
    if (address === null) return
    const { used, resetAt } = this.#guesses.takeHere(
      pairOf(address, id ?? NO_CREDENTIAL),
      this.#limit,
    )
    if (id === null || used < this.#limit.requests) return
    this.#guessedUntil = Math.max(this.#guessedUntil, resetAt)
  }

  /** Whether a right MAC of a cached key counts without a look-up, whatever the budget of the address. */
  trusts(client: Client | null, { credential, text }: Signer): boolean {
    if (this.#guessedUntil === 0 || this.#guessedUntil <= Date.now()) return true
    const address = addressOf(client)
    if (address === null) return true
    const pair = pairOf(address, credential.id)
    if (this.#guesses.spent(pair, this.#limit) === null) return true
    const signed = this.#signers.get(pair) ?? Number.NEGATIVE_INFINITY
    return Math.abs(Date.now() - signed) < REMEMBER_SIGNER && !isShortKey(text)
  }

  /** Is told of each accepted request. The address is asked for now and then alone, since it costs time. */
  signed(client: Client | null, { credential, asked }: Signer): void {
    const now = Date.now()
    const isDue = Math.abs(now - asked.at) >= ASK_EVERY || Math.random() < ASK_SHARE
    if (!isDue && !this.someSpent()) return
    asked.at = now
    const address = addressOf(client)
    if (address !== null) this.#signers.set(pairOf(address, credential.id), now)
  }

  /**
   * Sees to it that an address whose budget is used up costs no look-up.
   * @param cause Why the request is refused in any case, if that is known.
   * @throws {@link LimitError}; {@link MacError} `ERR_MAC_CALLBACK` where the address cannot be had.
   */
  check(client: Client | null, cause?: MacError): void {
    const spent = this.#spent(client?.address ?? null, cause)
    if (spent !== null) throw spent
  }

  /** Whether the budget of any address may be used up: where none is, none need be asked for. */
  someSpent(): boolean {
    return this.#spentUntil > 0 && this.#spentUntil > Date.now()
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

/** `null` also where the address cannot be had. */
function addressOf(client: Client | null): string | null {
  try {
    return client?.address ?? null
  } catch {
    return null
  }
}

/** An address holds no space. */
function pairOf(address: string, id: string): string {
  return `${address} ${id}`
}

/** Whoever sends no credentials at all has tried none. */
function isFailure(thrown: unknown): thrown is MacError {
  return thrown instanceof MacError && thrown.status === 401 && thrown.code !== 'ERR_MAC_MISSING'
}
