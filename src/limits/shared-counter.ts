/// <reference path="./rate-limiter-flexible.d.ts" />
import type { RateLimiterPostgres } from 'rate-limiter-flexible'
import { before } from '../deadline.ts'
import type { Count, Shared } from './counter.ts'

/** How long the store may take to answer, in milliseconds. A request waits for it. */
const DEADLINE = 1000
/** How long it may take to be opened before anything is served. */
const OPENING_DEADLINE = 10_000
/** For how long the store is left alone once it failed, so that not each request waits for it. */
const PAUSE = 1000
/** At most so often the operator is told of failures. */
const TELL_EVERY = 60_000
/** Tables of withmac start with `mac_`. */
const TABLE = 'mac_rate_limits'
/** How often expired rows are removed from PostgreSQL, in milliseconds. */
const CLEAR_EVERY = 300_000

/** What the library is told of a limit: how large one is, is held against what it counted. */
const ANY_LIMIT = { points: 1, duration: 60, keyPrefix: 'withmac' }

/** What may be given as a store. */
export type RateLimitStore = 'memory' | (string & {}) | object

/** A store that several processes share, before anything of it is opened. */
export interface SharedStore {
  /** What the operator knows it by; it holds no password. */
  readonly name: string
  /**
   * Loads the packages that are needed.
   * @throws TypeError that says what to install, if one is missing.
   */
  load(): Promise<Open>
}

/** @param failed Is told of what fails by itself later, such as a connection that breaks. */
type Open = (failed: (error: unknown) => void) => Promise<OpenedStore>

interface OpenedStore {
  /** Counts one; rejects if the store fails. */
  add(key: string, seconds: number): Promise<{ consumedPoints: number; msBeforeNext: number }>
  /** Closes what was opened here; a client of the application's own stays open. */
  close(): Promise<void>
}

type Connect = (
  failed: (error: unknown) => void,
) => Promise<{ readonly client: object; close(): Promise<void> }>

/** The library's declarations leave this method out. */
type Clearing = RateLimiterPostgres & { clearExpired(before: number): Promise<void> }

/**
 * Counts in a store that several processes share. If it fails, only this process counts: limits become
 * those of each process then, and nobody is rejected for the store's sake.
 */
export class SharedCounter implements Shared {
  readonly #store: SharedStore
  #opening: Promise<OpenedStore> | null = null
  #closed = false
  #pausedUntil = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(store: SharedStore) {
    this.#store = store
  }

  async add(key: string, seconds: number): Promise<Count | null> {
    if (this.#closed || Date.now() < this.#pausedUntil) return null
    try {
      // Packages are read from this machine: that takes its time, and is no fault of the store.
      const open = await this.#store.load()
      const counted = this.#open(open).then((store) => store.add(key, seconds))
      const { consumedPoints, msBeforeNext } = await inTime(counted, DEADLINE)
      return { used: consumedPoints, resetAt: Date.now() + msBeforeNext }
    } catch (error) {
      this.#pausedUntil = Date.now() + PAUSE
      this.#tell(error)
      return null
    }
  }

  /**
   * Opens the store before anything is counted.
   * @throws TypeError if a package is not installed.
   */
  async ready(): Promise<void> {
    const open = await this.#store.load()
    try {
      await inTime(this.#open(open), OPENING_DEADLINE)
    } catch (error) {
      this.#tell(error)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    this.#opening = null
    // A store that is out of reach is never open: to wait for it would be to wait for ever.
    const opened = opening === null ? null : await inTime(opening, DEADLINE).catch(() => null)
    if (opened !== null) await opened.close()
    else opening?.then((late) => late.close()).catch(() => {})
  }

  #open(open: Open): Promise<OpenedStore> {
    const opening = this.#opening ?? open((error) => this.#tell(error))
    this.#opening = opening
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null
    })
    return opening
  }

  #tell(error: unknown): void {
    const now = Date.now()
    if (this.#closed || now - this.#toldAt < TELL_EVERY) return
    this.#toldAt = now
    console.error(
      `withmac: ${this.#store.name}, which rateLimit counts in, failed. Meanwhile it is counted in the ` +
        'memory of this process; requests are verified as before.',
      error,
    )
  }
}

function inTime<Result>(work: Promise<Result>, deadline: number): Promise<Result> {
  return before(deadline, work, () => new Error(`no answer within ${deadline} ms`))
}

/**
 * Reads the option `store`; `null` stands for this process's memory.
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

/** The text of a URL is never shown: it may hold a password. */
function schemeOf(text: string): string | null {
  try {
    return text.includes('://') ? new URL(text).protocol : null
  } catch {
    return null
  }
}

// Each class of rate-limiter-flexible is loaded when it is needed, and by itself: the whole package would
// bring what bundlers cannot put into a module for Node.

/** Counts in Redis, through a client of redis or ioredis, or through a connection of ours to a URL. */
function redis(given: string | object): SharedStore {
  const load = async (): Promise<Open> => {
    const connect = await redisConnect(given)
    const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterRedis.js')
    return async (failed) => {
      const { client: storeClient, close } = await connect(failed)
      // Of the two packages, ioredis alone has commands that are defined.
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
  const { createClient } = await optionalPackage<typeof import('redis')>('redis')
  return async (failed) => {
    // Without its queue, what cannot be sent now fails now: it is then counted in memory.
    const client = createClient({ url: given, disableOfflineQueue: true })
    client.on('error', failed)
    const close = async () => {
      try {
        // Version 4 has `disconnect` alone.
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

/** Counts in PostgreSQL, in a table that is made if it is not there, through a pool of pg or a client of it. */
function postgres(given: string | object): SharedStore {
  const load = async (): Promise<Open> => {
    const connect = await postgresConnect(given)
    const { default: Limiter } = await import('rate-limiter-flexible/lib/RateLimiterPostgres.js')
    return async (failed) => {
      const { client: storeClient, close } = await connect(failed)
      try {
        const limiter = await new Promise<Clearing>((resolve, reject) => {
          // Pools and clients are used by the same calls. The limiter's own timer would go on after the end.
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
  const { Pool } = await optionalPackage<typeof import('pg')>('pg')
  return async (failed) => {
    const limits = { max: 4, connectionTimeoutMillis: 2000, query_timeout: 2000 }
    const pool = new Pool({ connectionString: given, allowExitOnIdle: true, ...limits })
    pool.on('error', failed)
    return { client: pool, close: () => pool.end() }
  }
}

/** Counts, and now and then removes what has expired. */
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

/**
 * Loads a package that only a store needs, and that is no dependency for that reason.
 * @throws TypeError that says what to install, if it is not there.
 */
export async function optionalPackage<Module extends object>(name: string): Promise<Module> {
  try {
    // Not a literal import: bundlers would want to find it.
    const module: Module & { default?: Module } = await import(/* @vite-ignore */ name)
    return module.default ?? module
  } catch (cause) {
    const code = (cause as { code?: unknown }).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause
    throw new TypeError(
      `withmac: the store of rateLimit needs a package that is not installed: npm install ${name}`,
      { cause },
    )
  }
}
