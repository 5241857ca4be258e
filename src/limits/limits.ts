import { z } from 'zod'
import { BoundedMap } from '../bounded-map.ts'
import { rateLimit } from '../credentials/validate.ts'
import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { checked, optionsOf } from '../read-options.ts'
import type { StoredCredential } from '../store/types.ts'
import type { RateLimit, RateLimitFields } from '../types.ts'
import { FixedWindowCounter, hashedKey, type Shared } from './counter.ts'
import { FailureLimit } from './failures.ts'
import { LimitError, rateLimitFields, withRateLimit } from './headers.ts'
import {
  type RateLimitStore,
  SharedCounter,
  type SharedStore,
  sharedStore,
} from './shared-counter.ts'

/** The option `rateLimit`. */
export interface RateLimitOptions {
  /**
   * How many requests from one client address may be rejected (401, except for requests without
   * credentials). After that, every request from there gets a 429 without a look-up, except new and correctly
   * signed requests with a credential that is cached in this process. Such a credential has to wait as well
   * if that many wrong MACs came in its name from this address within the window, unless it has signed from
   * there within the last hour. Without this option, nothing limits how many keys an attacker tries. See
   * `clientAddress`.
   */
  readonly failures?: RateLimit | null | undefined
  /**
   * How many requests of one credential are accepted. A credential may have its own `rateLimit` instead.
   * Only verified requests are counted, so that nobody else can exhaust the limit.
   */
  readonly requests?: RateLimit | null | undefined
  /**
   * Where requests are counted. `memory`: in this process. For all processes together: a URL that starts
   * with `redis:` or `rediss:` (install the package redis), or with `postgres:` or `postgresql:` (install
   * pg); or your own client of redis, ioredis or pg. While that store fails, each process counts by itself.
   * Default: `memory`.
   */
  readonly store?: RateLimitStore | undefined
}

/** The limits of a `Mac`, and where it counts. */
export interface LimitSettings {
  /** How many requests of one address may be rejected. */
  readonly failures: RateLimit | null
  /** How many requests are accepted of a credential that has no limit of its own. */
  readonly requests: RateLimit | null
  /** `null` for the memory of this process. */
  readonly store: SharedStore | null
}

/** Reads the option `rateLimit`. By default, only credentials with a limit of their own are limited. */
export const limitSettings: z.ZodType<LimitSettings, unknown> = optionsOf({
  failures: rateLimit.default(null),
  requests: rateLimit.default(null),
  store: z.unknown().transform(checked(sharedStore)).default(null),
}).default(Object.freeze({ failures: null, requests: null, store: null }))

/** How many clients of token endpoints are counted. Only authenticated clients are counted. */
const MOST_CLIENTS = 100_000
/**
 * How many credentials are counted. Only requests with a right MAC count, so there are only your
 * credentials.
 */
const MOST_CREDENTIALS = 1_000_000
/** How often an exhausted credential is looked up again, in milliseconds. */
const LOOK_EVERY = 1000
/** How many accepted requests are kept in memory: at least the later half. */
const MOST_ACCEPTED = 20_000

/**
 * All limits of a `Mac`. Its handlers and token endpoints count together. Nothing is loaded or opened before
 * the first count.
 */
export class Limits {
  /** `null` if failures are not limited. */
  readonly failures: FailureLimit | null
  /** Is always set, because a credential may have a limit of its own. */
  readonly requests: RequestLimit
  /** Counts the credentials that clients got at token endpoints. */
  readonly credentials: FixedWindowCounter
  readonly #shared: SharedCounter | null
  /** The responses that have rate limit fields of this `Mac`. */
  readonly #limited = new WeakSet<Response>()

  constructor({ failures, requests, store }: LimitSettings) {
    const shared = store && new SharedCounter(store)
    this.failures = failures && new FailureLimit(failures, shared)
    this.requests = new RequestLimit(requests, shared)
    this.credentials = new FixedWindowCounter('credentials', shared, MOST_CLIENTS)
    this.#shared = shared
  }

  /**
   * Opens the shared store, if there is one.
   * @throws TypeError if a package is not installed.
   */
  async ready(): Promise<void> {
    await this.#shared?.ready()
  }

  /** Adds the rate limit fields to a handler's response: see {@link withRateLimit}. */
  addFields(response: Response, fields: RateLimitFields | null): Response {
    return withRateLimit(response, fields, this.#limited)
  }

  async close(): Promise<void> {
    await this.#shared?.close()
  }
}

/** Limits how many requests of a credential are accepted. */
export class RequestLimit {
  readonly #general: RateLimit | null
  readonly #counter: FixedWindowCounter
  /** When an exhausted credential was last looked up. */
  readonly #looked = new BoundedMap<string, number>(MOST_CREDENTIALS)
  /** Accepted requests. A copy of one is a replay, also if the credential is exhausted. */
  readonly #accepted = new BoundedMap<string, true>(MOST_ACCEPTED)

  /** @param general The limit for a credential without a limit of its own. */
  constructor(general: RateLimit | null, shared: Shared | null) {
    this.#general = general
    this.#counter = new FixedWindowCounter('requests', shared, MOST_CREDENTIALS)
  }

  /** Returns the limit for a credential; `null` if there is none. */
  limitOf(credential: StoredCredential): RateLimit | null {
    return credential.rateLimit ?? this.#general
  }

  /**
   * Returns the error for a request with a right MAC if its credential is exhausted, as far as this process
   * knows; otherwise `null`. If the request is a copy of an accepted one, the cause of the error says so:
   * otherwise the client would believe that the first one was rejected too.
   */
  exhausted(credential: StoredCredential, sent: MacAuthorization): LimitError | null {
    const limit = this.limitOf(credential)
    const count = limit && this.#counter.exhausted(credential.id, limit)
    if (limit === null || count === null) return null
    const isReplay = this.#accepted.has(nameOf(sent))
    const cause = isReplay ? { cause: new MacError('ERR_MAC_REPLAY') } : {}
    return new LimitError('requests', credential.id, limit, count, cause)
  }

  /**
   * Whether to look up an exhausted credential again. Otherwise nobody would notice that its limit was
   * raised, or that it was revoked.
   */
  shouldLookUp({ id }: StoredCredential): boolean {
    const now = Date.now()
    if (now - (this.#looked.get(id) ?? 0) < LOOK_EVERY) return false
    this.#looked.set(id, now)
    return true
  }

  /**
   * Counts a request for its credential. Call it after the nonce was recorded as new.
   * @throws {@link LimitError} if the credential is exhausted.
   */
  async count(
    { id }: StoredCredential,
    limit: RateLimit,
    sent: MacAuthorization,
  ): Promise<RateLimitFields> {
    const name = nameOf(sent)
    // Added before the count, because a copy may come meanwhile.
    this.#accepted.set(name, true)
    const count = await this.#counter.count(id, limit)
    if (count.used <= limit.requests) return rateLimitFields('requests', limit, count)
    this.#accepted.delete(name)
    throw new LimitError('requests', id, limit, count)
  }
}

/** The key of a request. It is unique, because none of the three parameters contains a line feed. */
function nameOf({ ts, id, nonce }: MacAuthorization): string {
  return hashedKey(`${ts}\n${id}\n${nonce}`)
}
