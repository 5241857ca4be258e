import { postgresLimiter, redisLimiter } from './library.ts'
import { optionalPackage } from './optional-package.ts'
import { overPg, ownPool } from './postgres.ts'
import { nodeRedis, overIoredis, overNodeRedis } from './redis.ts'

/** A store that several processes share, before anything of it is opened. */
export interface SharedStore {
  /** What the operator knows it by; it holds no password. */
  readonly name: string
  /**
   * Loads the packages that are needed.
   * @throws TypeError that says what to install, where one is missing.
   */
  load(): Promise<void>
  /**
   * Opens it.
   * @param failed Is told of what fails by itself later, such as a connection that breaks.
   */
  open(failed: (error: unknown) => void): Promise<OpenedStore>
}

/** What is counted in. */
export interface OpenedStore {
  /** Counts one; rejects where the store fails. */
  add(key: string, seconds: number): Promise<{ consumedPoints: number; msBeforeNext: number }>
  /** Closes what was opened here; a client of the caller's own stays open. */
  close(): Promise<void>
}

/** What may be given as a store. */
export type RateLimitStore = 'memory' | (string & {}) | object

const RULE =
  "must be 'memory', a URL that starts with redis:, rediss:, postgres: or postgresql:, or a client: of " +
  'redis, of ioredis, or a Pool of pg'

/**
 * Reads the option `store`; `null` stands for this process's memory.
 * @throws TypeError that says what is supported.
 */
export function sharedStore(given: unknown): SharedStore | null {
  if (given === 'memory') return null
  if (typeof given === 'string') return storeOfUrl(given)
  const client = given as Partial<Record<string, unknown>> | null
  const has = (name: string) => typeof client?.[name] === 'function'
  if (has('defineCommand')) return redis(() => overIoredis(given as object))
  if (has('eval') && has('sendCommand')) return redis(() => overNodeRedis(given as object))
  if (has('query') && has('connect')) return postgres(() => overPg(given as object))
  throw new TypeError(RULE)
}

function storeOfUrl(text: string): SharedStore {
  switch (schemeOf(text)) {
    case 'redis:':
    case 'rediss:':
      return redis((failed) => nodeRedis(text, failed), 'redis')
    case 'postgres:':
    case 'postgresql:':
      return postgres((failed) => ownPool(text, failed), 'pg')
    default:
      throw new TypeError(RULE)
  }
}

function redis(open: SharedStore['open'], client?: string): SharedStore {
  return { name: 'Redis', load: () => loaded(redisLimiter, client), open }
}

function postgres(open: SharedStore['open'], client?: string): SharedStore {
  return { name: 'PostgreSQL', load: () => loaded(postgresLimiter, client), open }
}

async function loaded(limiter: () => Promise<unknown>, client?: string): Promise<void> {
  if (client !== undefined) await optionalPackage(client)
  await limiter()
}

/** The text of a URL is never shown: it may hold a password. */
function schemeOf(text: string): string | null {
  try {
    return text.includes('://') ? new URL(text).protocol : null
  } catch {
    return null
  }
}
