import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'
import { isShortKey } from '../protocol/signature.ts'
import type { RateLimit } from '../types.ts'
import type { Client } from './client-address.ts'
import { type Count, FixedWindowCounter, type Shared } from './counter.ts'
import { LimitError } from './headers.ts'

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
/** How many secrets are judged at once, of all addresses. */
const MOST_PENDING = 1000

/** A secret is not judged, since too many others are being judged: none of them need be wrong. */
export class PendingError extends Error {}

/** A cached key of a credential. */
export interface Signer {
  readonly credential: { readonly id: string }
  /** The key, as it is written. */
  readonly text: string
  /** When the address of a request of the credential was last asked for, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** All those whose address is not known must not share one count, so they have none. */
const UNKNOWN_ADDRESS =
  'withmac: rateLimit.failures limits nobody whose address is not known, and that of a client was ' +
  'not: give the option clientAddress to createMac or withMac, or { clientAddress } to mac.verify.'
/** Anybody may send such a field: to say so changes nothing. */
const MAY_BE_PROXY =
  'withmac: rateLimit.failures counts by the address of the connection, and a request that was refused ' +
  'came with X-Forwarded-For or Forwarded: behind a proxy all clients are counted as one, and one of ' +
  'them can lock out the others. There, give trustProxy or clientAddress.'

/**
 * How many requests of a client's address may be rejected.
 *
 * An address that is exhausted costs no look-up. Cached credentials still sign from there, whose MAC is
 * known to be right without one: so keys could be guessed by trying. Therefore a cached credential
 * counts as unknown at an address from which, within the window, as many wrong MACs came in its name as
 * the limit has requests; but not if it has signed from that address within the last hour, so that a
 * neighbour cannot lock it out. With a key short enough to be guessed, it counts as unknown there as well.
 */
export class FailureLimit {
  readonly #limit: RateLimit
  readonly #counter: FixedWindowCounter
  /** Wrong MACs in the name of cached credentials, by address and credential. */
  readonly #guesses: FixedWindowCounter
  /** When a credential last signed from an address, by both. Only accepted requests get in here. */
  readonly #signers = new BoundedMap<string, number>(MOST_ADDRESSES)
  /** How many secrets of an address are being judged, and of all addresses. */
  readonly #pending = new Map<string, number>()
  #pendingInAll = 0
  /** Until when a cached credential may count as unknown at some address. */
  #guessedUntil = 0
  readonly #warnings = new Set<string>()
  /** Until when any address may be exhausted, in milliseconds since 1970. */
  #exhaustedUntil = 0

  constructor(limit: RateLimit, shared: Shared | null) {
    this.#limit = limit
    this.#counter = new FixedWindowCounter('failures', shared, MOST_ADDRESSES)
    this.#guesses = new FixedWindowCounter('failures', null, MOST_ADDRESSES)
  }

  /**
   * Counts a wrong MAC in the name of a cached credential: before anything is waited for, so that it makes
   * no difference how many are sent at once.
   *
   * @param id `null` if no credential of that name is cached: that is as much work, and comes to nothing.
   */
  countGuess(client: Client | null, id: string | null): void {
    const address = addressOf(client)
    if (address === null) return
    const pair = pairOf(address, id ?? NO_CREDENTIAL)
    const { used, resetAt } = this.#guesses.countHere(pair, this.#limit)
    if (id === null || used < this.#limit.requests) return
    this.#guessedUntil = Math.max(this.#guessedUntil, resetAt)
  }

  /** Whether a right MAC of a cached key counts without a look-up, even if the address is exhausted. */
  trusts(client: Client | null, { credential, text }: Signer): boolean {
    if (this.#guessedUntil === 0 || this.#guessedUntil <= Date.now()) return true
    const address = addressOf(client)
    if (address === null) return true
    const pair = pairOf(address, credential.id)
    if (this.#guesses.exhausted(pair, this.#limit) === null) return true
    const signed = this.#signers.get(pair) ?? Number.NEGATIVE_INFINITY
    return Math.abs(Date.now() - signed) < REMEMBER_SIGNER && !isShortKey(text)
  }

  /** Is told of each accepted request. The address is asked for now and then alone, since it costs time. */
  signed(client: Client | null, { credential, asked }: Signer): void {
    const now = Date.now()
    const isDue = Math.abs(now - asked.at) >= ASK_EVERY || Math.random() < ASK_SHARE
    // If no address is exhausted, none need be asked for.
    if (!isDue && this.#exhaustedUntil <= now) return
    asked.at = now
    const address = addressOf(client)
    if (address !== null) this.#signers.set(pairOf(address, credential.id), now)
  }

  /**
   * Sees to it that an address that is exhausted costs no look-up.
   * @param cause Why the request is rejected in any case, if that is known.
   * @throws {@link LimitError}; {@link MacError} `ERR_MAC_CALLBACK` if the address cannot be had.
   */
  check(client: Client | null, cause?: MacError): void {
    const address = client?.address ?? null
    const exhausted = address === null ? null : this.#exhausted(address, cause)
    if (exhausted !== null) throw exhausted
  }

  /**
   * Judges a secret, unless as many of the client's address are being judged as may still fail: so that no
   * more are tried for being sent at once. An address that is not known is not limited.
   *
   * @param judge Does *not* count a failure by itself.
   * @throws {@link LimitError} or {@link PendingError} before anything is judged; what `judge` throws.
   */
  async whilePending<Value>(client: Client, judge: () => Promise<Value>): Promise<Value> {
    const { address } = client
    if (address === null) return judge()
    this.check(client)
    const pending = this.#pending.get(address) ?? 0
    const isFull = pending >= this.#counter.left(address, this.#limit)
    if (isFull || this.#pendingInAll >= MOST_PENDING) throw new PendingError()
    this.#pending.set(address, pending + 1)
    this.#pendingInAll++
    try {
      return await judge()
    } finally {
      this.#pendingInAll--
      const others = (this.#pending.get(address) ?? 1) - 1
      if (others > 0) this.#pending.set(address, others)
      else this.#pending.delete(address)
    }
  }

  /**
   * Counts a rejection for the client's address, if it is one that is counted.
   * @returns What to answer: beyond the limit, all rejections of an address are alike.
   */
  async count(client: Client | null, thrown: unknown): Promise<unknown> {
    if (!isFailure(thrown)) return thrown
    try {
      const address = client?.address ?? null
      if (address === null) {
        this.#warnOnce(UNKNOWN_ADDRESS)
        return thrown
      }
      const exhausted = this.#exhausted(address, thrown)
      if (exhausted !== null) return exhausted
      if (client?.mayBeProxy()) this.#warnOnce(MAY_BE_PROXY)
      const count = await this.#counter.count(address, this.#limit)
      if (count.used >= this.#limit.requests) {
        this.#exhaustedUntil = Math.max(this.#exhaustedUntil, count.resetAt)
      }
      return count.used <= this.#limit.requests ? thrown : this.#error(address, count, thrown)
    } catch (error) {
      return error
    }
  }

  #exhausted(address: string, cause?: unknown): LimitError | null {
    const count = this.#counter.exhausted(address, this.#limit)
    return count && this.#error(address, count, cause)
  }

  #error(address: string, count: Count, cause?: unknown): LimitError {
    return new LimitError('failures', address, this.#limit, count, { cause })
  }

  #warnOnce(warning: string): void {
    if (this.#warnings.has(warning)) return
    this.#warnings.add(warning)
    console.error(warning)
  }
}

/** `null` also if the address cannot be had. */
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
