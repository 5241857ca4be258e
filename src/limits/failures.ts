import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'
import { isShortKey } from '../protocol/signature.ts'
import type { RateLimit } from '../types.ts'
import type { ClientAddress } from './client-address.ts'
import { type Count, FixedWindowCounter, type Shared } from './counter.ts'
import { LimitError } from './headers.ts'

/** How many addresses are kept in memory. An attacker may use any number of addresses. */
const MOST_ADDRESSES = 100_000
/** Used instead of an identifier that no cached credential has, so that the work is the same. */
const NO_CREDENTIAL = ''
/** How long it counts that a credential has signed from an address, in milliseconds. */
const REMEMBER_SIGNER = 3_600_000
/** How often the address of a credential's requests is read, in milliseconds. */
const ASK_EVERY = 10_000
/** The share of other requests whose address is read too, so that rare addresses are noticed as well. */
const ASK_SHARE = 1 / 16
/** How many secrets of all addresses may be checked at the same time. */
const MOST_PENDING = 1000

/** A secret was not checked, because too many others are being checked. They may all be right. */
export class PendingError extends Error {}

/** A cached key of a credential. */
export interface Signer {
  readonly credential: { readonly id: string }
  /** The key, as it is written. */
  readonly macKey: string
  /** When the address of a request of the credential was last read, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** Clients whose address is not known must not share one count, so they are not counted. */
const UNKNOWN_ADDRESS =
  'withmac: rateLimit.failures does not limit clients whose address is not known, and the address of a client ' +
  'was not known. Pass the option clientAddress to createMac or withMac, or { clientAddress } to mac.verify.'
/** Any client may send such a field, so this is only a warning. */
const MAY_BE_PROXY =
  'withmac: rateLimit.failures counts by the address of the connection, and a rejected request had ' +
  'X-Forwarded-For or Forwarded. Behind a proxy, all clients are counted as one, and one of them can lock out ' +
  'the others. If there is a proxy, pass trustProxy or clientAddress.'

/**
 * Limits how many requests of a client's address may be rejected.
 *
 * If an address is exhausted, its requests cause no look-up. A cached credential may still sign from there,
 * because its MAC can be verified without a look-up. But then an attacker could guess its key by trying.
 *
 * So a cached credential counts as unknown at an address if, within the window, as many wrong MACs came from
 * there in its name as the limit allows. There is one exception: if the credential has signed from that
 * address within the last hour, it is still accepted, so that a neighbour at the same address cannot lock it
 * out. The exception does not apply to a key that is short enough to be guessed.
 */
export class FailureLimit {
  readonly #limit: RateLimit
  readonly #counter: FixedWindowCounter
  /** Wrong MACs in the name of cached credentials, by address and credential. */
  readonly #guesses: FixedWindowCounter
  /** When a credential last signed from an address, by both. Only accepted requests are added. */
  readonly #signers = new BoundedMap<string, number>(MOST_ADDRESSES)
  /** How many secrets of each address are being checked. */
  readonly #pending = new Map<string, number>()
  /** How many secrets of all addresses are being checked. */
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
   * Counts a wrong MAC in the name of a cached credential. It is called before anything asynchronous, so that
   * many requests at once are counted like single ones.
   *
   * @param id `null` if no such credential is cached: then it does the same work, but counts nothing.
   */
  countGuess(clientAddress: ClientAddress | null, id: string | null): void {
    const address = addressOf(clientAddress)
    if (address === null) return
    const pair = pairOf(address, id ?? NO_CREDENTIAL)
    const { used, resetAt } = this.#guesses.countHere(pair, this.#limit)
    if (id === null || used < this.#limit.requests) return
    this.#guessedUntil = Math.max(this.#guessedUntil, resetAt)
  }

  /** Whether a right MAC of a cached key is accepted without a look-up, even if the address is exhausted. */
  trusts(clientAddress: ClientAddress | null, { credential, macKey }: Signer): boolean {
    if (this.#guessedUntil === 0 || this.#guessedUntil <= Date.now()) return true
    const address = addressOf(clientAddress)
    if (address === null) return true
    const pair = pairOf(address, credential.id)
    if (this.#guesses.exhausted(pair, this.#limit) === null) return true
    const signed = this.#signers.get(pair) ?? Number.NEGATIVE_INFINITY
    return Math.abs(Date.now() - signed) < REMEMBER_SIGNER && !isShortKey(macKey)
  }

  /** Records an accepted request. The address costs time, so it is read only now and then. */
  signed(clientAddress: ClientAddress | null, { credential, asked }: Signer): void {
    const now = Date.now()
    const isDue = Math.abs(now - asked.at) >= ASK_EVERY || Math.random() < ASK_SHARE
    // If no address is exhausted, the address is not needed.
    if (!isDue && this.#exhaustedUntil <= now) return
    asked.at = now
    const address = addressOf(clientAddress)
    if (address !== null) this.#signers.set(pairOf(address, credential.id), now)
  }

  /**
   * Throws if the address is exhausted, so that it causes no look-up.
   * @param cause The error for which the request is rejected in any case, if there is one.
   * @throws {@link LimitError}; {@link MacError} `ERR_MAC_CALLBACK` if the address cannot be read.
   */
  check(clientAddress: ClientAddress | null, cause?: MacError): void {
    const address = clientAddress?.counted ?? null
    const exhausted = address === null ? null : this.#exhausted(address, cause)
    if (exhausted !== null) throw exhausted
  }

  /**
   * Checks a secret, unless too many secrets of the client's address are being checked already: only as
   * many as may still fail. So an attacker cannot try more secrets by sending them at once. A client
   * whose address is not known is *not* limited.
   *
   * @param check Checks the secret. It does *not* count a failure.
   * @throws {@link LimitError} or {@link PendingError} before the check; and whatever `check` throws.
   */
  async whilePending<Value>(
    clientAddress: ClientAddress,
    check: () => Promise<Value>,
  ): Promise<Value> {
    const address = clientAddress.counted
    if (address === null) return check()
    this.check(clientAddress)
    const pending = this.#pending.get(address) ?? 0
    const isFull = pending >= this.#counter.left(address, this.#limit)
    if (isFull || this.#pendingInAll >= MOST_PENDING) throw new PendingError()
    this.#pending.set(address, pending + 1)
    this.#pendingInAll++
    try {
      return await check()
    } finally {
      this.#pendingInAll--
      const others = (this.#pending.get(address) ?? 1) - 1
      if (others > 0) this.#pending.set(address, others)
      else this.#pending.delete(address)
    }
  }

  /**
   * Counts a rejection for the client's address, if it is a failure: see `isFailure`.
   * @returns The error to answer with. Above the limit, it is the same for all rejections of an address.
   */
  async count(clientAddress: ClientAddress | null, thrown: unknown): Promise<unknown> {
    if (!isFailure(thrown)) return thrown
    try {
      const address = clientAddress?.counted ?? null
      if (address === null) {
        this.#warnOnce(UNKNOWN_ADDRESS)
        return thrown
      }
      const exhausted = this.#exhausted(address, thrown)
      if (exhausted !== null) return exhausted
      if (clientAddress?.mayBeProxy()) this.#warnOnce(MAY_BE_PROXY)
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

/** Returns the client's address; `null` also if it cannot be read. */
function addressOf(clientAddress: ClientAddress | null): string | null {
  try {
    return clientAddress?.counted ?? null
  } catch {
    return null
  }
}

/** The key for an address and a credential. It is unique, because an address contains no space. */
function pairOf(address: string, id: string): string {
  return `${address} ${id}`
}

/** Whether a rejection counts: a 401, but not for a request without credentials, which is no attempt. */
function isFailure(thrown: unknown): thrown is MacError {
  return thrown instanceof MacError && thrown.status === 401 && thrown.code !== 'ERR_MAC_MISSING'
}
