import type { RateLimiterPostgres } from 'rate-limiter-flexible'
import { ANY_BUDGET, postgresLimiter } from './library.ts'
import { optionalPackage } from './optional-package.ts'
import type { OpenedStore } from './shared-store.ts'

/** The part of a pool of pg that is used. */
interface Pool {
  on(event: 'error', listener: (error: unknown) => void): unknown
  end(): Promise<void>
}

interface PgPackage {
  readonly Pool: new (options: object) => Pool
}

/** Tables of withmac start with `mac_`. */
const TABLE = 'mac_rate_limits'
/** How often what has expired is removed, in milliseconds. */
const CLEAR_EVERY = 300_000

/** The library's declarations leave this method out. */
type Clearing = RateLimiterPostgres & { clearExpired(before: number): Promise<void> }

/** Opens a few connections of ours to PostgreSQL. */
export async function ownPool(url: string, failed: (error: unknown) => void): Promise<OpenedStore> {
  const { Pool } = await optionalPackage<PgPackage>('pg')
  const limits = { max: 4, connectionTimeoutMillis: 2000, query_timeout: 2000 }
  const pool = new Pool({ connectionString: url, allowExitOnIdle: true, ...limits })
  pool.on('error', failed)
  try {
    return { ...(await overPg(pool)), close: () => pool.end() }
  } catch (error) {
    await pool.end().catch(() => {})
    throw error
  }
}

/** Counts through a pool of pg, or a client of it, in a table that is made where it is not there. */
export async function overPg(storeClient: object): Promise<OpenedStore> {
  const Limiter = await postgresLimiter()
  const limiter = await new Promise<Clearing>((resolve, reject) => {
    // Both are used by the same calls. Its own timer would go on after the end.
    const own = { storeType: 'pool', tableName: TABLE, clearExpiredByTimeout: false }
    const made = new Limiter({ ...ANY_BUDGET, ...own, storeClient }, (error) =>
      error ? reject(error) : resolve(made as Clearing),
    )
  })
  let clearAt = Date.now() + CLEAR_EVERY
  return {
    add(key, seconds) {
      const now = Date.now()
      if (now >= clearAt) {
        clearAt = now + CLEAR_EVERY
        void limiter.clearExpired(now)
      }
      return limiter.penalty(key, 1, { customDuration: seconds })
    },
    async close() {},
  }
}
