/// <reference path="./rate-limiter-flexible.d.ts" />
import type { RateLimiterPostgres } from 'rate-limiter-flexible'
import { before } from '../deadline.ts'
import { optionalPackage } from '../optional-package.ts'
import type { Count, Shared } from './counter.ts'

/** How long the store may take to answer, in milliseconds. A request waits for it. */
const DEADLINE = 1000
/** How long `ready` waits for the store to be opened, in milliseconds. */
const OPENING_DEADLINE = 10_000
/** How long the store is not used after a failure, in milliseconds, so that not each request waits for it. */
const PAUSE = 1000
/** The minimum time between two warnings to the operator, in milliseconds. */
const WARN_EVERY = 60_000
/** What needs an optional package, in error messages. */
const NEEDS = 'the store of rateLimit'
/** Tables of withmac start with `mac_`. */
const TABLE = 'mac_rate_limits'
/** How often expired rows are removed from PostgreSQL, in milliseconds. */
const CLEAR_EVERY = 300_000

/** The limit for the library. Its size has no effect: withmac compares the count with the real limit. */
const ANY_LIMIT = { points: 1, duration: 60, keyPrefix: 'withmac' }

/** The values that the option `store` accepts. */
export type RateLimitStore = 'memory' | (string & {}) | object

/** A store that several processes share. Nothing of it is open yet. */
export interface SharedStore {
  /** Its name in messages. It contains no password. */
  readonly name: string
  /**
   * Loads the packages that the store needs.
   * @throws TypeError that says what to install, if one is missing.
   */
  load(): Promise<Open>
}

/** @param failed Is called with later failures, such as a lost connection. */
type Open = (failed: (error: unknown) => void) => Promise<OpenedStore>

interface OpenedStore {
  /** Counts one; rejects if the store fails. */
  add(key: string, seconds: number): Promise<{ consumedPoints: number; msBeforeNext: number }>
  /** Closes the connection that withmac opened. The application's own client stays open. */
  close(): Promise<void>
}

type Connect = (
  failed: (error: unknown) => void,
) => Promise<{ readonly client: object; close(): Promise<void> }>

/** This method is missing in the library's types. */
type Clearing = RateLimiterPostgres & { clearExpired(before: number): Promise<void> }

/**
 * Counts in a store that several processes share. If the store fails, each process counts for itself, and no
 * request is rejected because of the failure.
 */
export class SharedCounter implements Shared {
  readonly #store: SharedStore
  #opening: Promise<OpenedStore> | null = null
  #closed = false
  #pausedUntil = 0
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(store: SharedStore) {
    this.#store = store
  }

  async add(key: string, seconds: number): Promise<Count | null> {
    if (this.#closed || Date.now() < this.#pausedUntil) return null
    try {
      // Loading the packages is not part of the deadline, because it does not depend on the store.
      const open = await this.#store.load()
      const counted = this.#open(open).then((store) => store.add(key, seconds))
      const { consumedPoints, msBeforeNext } = await inTime(counted, DEADLINE)
      return { used: consumedPoints, resetAt: Date.now() + msBeforeNext }
    } catch (error) {
      this.#pausedUntil = Date.now() + PAUSE
      this.#warn(error)
      return null
    }
  }

  /**
   * Opens the store before the first count. A failure is only logged.
   * @throws TypeError if a package is not installed.
   */
  async ready(): Promise<void> {
    const open = await this.#store.load()
    try {
      await inTime(this.#open(open), OPENING_DEADLINE)
    } catch (error) {
      this.#warn(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    this.#opening = null
    // A store that cannot be reached may never open, so this waits only for a while.
    const opened = opening === null ? null : await inTime(opening, DEADLINE).catch(() => null)
    if (opened !== null) await opened.close()
    else opening?.then((late) => late.close()).catch(() => {})
  }

  #open(open: Open): Promise<OpenedStore> {
    const opening = this.#opening ?? open((error) => this.#warn(error))
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null
    })
    return opening
  }

  #warn(error: unknown): void {
    const now = Date.now()
    if (this.#closed || now - this.#warnedAt < WARN_EVERY) return
    this.#warnedAt = now
    console.error(
      `withmac: ${this.#store.name}, the store of rateLimit, failed. Until it works again, this process counts ` +
        'in its own memory. Requests are verified as before.',
      error,
    )
  }
}

function inTime<Result>(work: Promise<Result>, deadline: number): Promise<Result> {
  return before(deadline, work, () => new Error(`no answer within ${deadline} ms`))
}

/**
 * Reads the option `store`. Returns `null` for the memory of this process.
 * @throws TypeError that says what is supported.
 */
export function sharedStore(given: unknown): SharedStore | null {
  if (given === 'memory') return null
  const has = (name: string) =>
    typeof (given as Record<string, unknown> | null)?.[name] === 'function'
  const scheme = typeof given === 'string' ? schemeOf(given) : null
  const isRedis = has('defineCommand') || (has('eval') && has('sendCommand'))
  if (isRedis || scheme === 'redis:' || scheme === 'rediss:') return redis(given as string | object)
  const isPool = has('query') && has('connect')
  if (isPool || scheme === 'postgres:' || scheme === 'postgresql:') {
    return postgres(given as string | object)
  }
  throw new TypeError(
    "must be 'memory', a URL that starts with redis:, rediss:, postgres: or postgresql:, or a client: of " +
      'redis, of ioredis, or a Pool of pg',
  )
}

/** Returns the scheme of a URL. The URL itself is never shown, because it may contain a password. */
function schemeOf(text: string): string | null {
  try {
    return text.includes('://') ? new URL(text).protocol : null
  } catch {
    return null
  }
}

// Each class of rate-limiter-flexible is loaded only when it is needed, from its own file. The main entry of
// the package loads code that bundlers cannot put into a module for Node.

/**
 * Counts in Redis, through a client of redis or ioredis, or through a connection that withmac opens to a
 * URL.
 */
function redis(given: string | object): SharedStore {
  const load = async (): Promise<Open> => {
    const connect = await redisConnect(given)
    const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js')
    return async (failed) => {
      const { client: storeClient, close } = await connect(failed)
      // Only ioredis has the method defineCommand.
      const useRedisPackage = !('defineCommand' in storeClient)
      const options = { storeClient, useRedisPackage, rejectIfRedisNotReady: true }
      const limiter = new Limiter({ ...ANY_LIMIT, ...options })
      return { add: (key, seconds) => limiter.penalty(key, 1, { customDuration: seconds }), close }
    }
  }
  return { name: 'Redis', load }
}

async function redisConnect(given: string | object): Promise<Connect> {
  if (typeof given !== 'string') return async () => ({ client: given, close: async () => {} })
  const { createClient } = await optionalPackage<typeof import('redis')>('redis', NEEDS)
  return async (failed) => {
    // Without this queue, a command fails at once if it cannot be sent, and the count is in memory.
    const client = createClient({ url: given, disableOfflineQueue: true })
    client.on('error', failed)
    const close = async () => {
      try {
        // Version 4 has only `disconnect`.
        await (client.destroy ?? client.disconnect).call(client)
      } catch {
        // It was closed already.
      }
    }
    try {
      await client.connect()
      return { client, close }
    } catch (error) {
      await close()
      throw error
    }
  }
}

/** Counts in PostgreSQL, through a pool of pg or a URL. The table is created if it does not exist. */
function postgres(given: string | object): SharedStore {
  const load = async (): Promise<Open> => {
    const connect = await postgresConnect(given)
    const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterPostgres.js')
    return async (failed) => {
      const { client: storeClient, close } = await connect(failed)
      try {
        const limiter = await new Promise<Clearing>((resolve, reject) => {
          // 'pool' works for clients too. The limiter's own timer would continue after close.
          const own = { storeType: 'pool', tableName: TABLE, clearExpiredByTimeout: false }
          const made = new Limiter({ ...ANY_LIMIT, ...own, storeClient }, (error) =>
            error ? reject(error) : resolve(made as Clearing),
          )
        })
        return { add: addingTo(limiter), close }
      } catch (error) {
        await close().catch(() => {})
        throw error
      }
    }
  }
  return { name: 'PostgreSQL', load }
}

async function postgresConnect(given: string | object): Promise<Connect> {
  if (typeof given !== 'string') return async () => ({ client: given, close: async () => {} })
  const { Pool } = await optionalPackage<typeof import('pg')>('pg', NEEDS)
  return async (failed) => {
    const limits = { max: 4, connectionTimeoutMillis: 2000, query_timeout: 2000 }
    const pool = new Pool({ connectionString: given, allowExitOnIdle: true, ...limits })
    pool.on('error', failed)
    return { client: pool, close: () => pool.end() }
  }
}

/** Returns a function that counts, and removes expired rows now and then. */
function addingTo(limiter: Clearing): OpenedStore['add'] {
  let clearAt = Date.now() + CLEAR_EVERY
  return (key, seconds) => {
    const now = Date.now()
    if (now >= clearAt) {
      clearAt = now + CLEAR_EVERY
      void limiter.clearExpired(now)
    }
    return limiter.penalty(key, 1, { customDuration: seconds })
  }
}
