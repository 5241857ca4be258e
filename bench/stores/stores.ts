import { WINDOW_SECONDS } from '../http/kinds.ts'
import { ID, KEY } from '../signing/request.ts'
import { createMac, type MacOptions } from '../withmac.ts'
import type { Engines } from './engines.ts'
import { newDatabase, newPrefix } from './recorders.ts'

/** Where servers keep credentials and nonces. */
export interface Stores {
  readonly database: string
  /** The URL of a Redis, and the start of the keys; `null` if nonces are in the database. */
  readonly nonces: { readonly url: string; readonly prefix: string } | null
}

/** The pairs of stores, by their names in the tables. */
export const SHARED = {
  postgres: 'PostgreSQL',
  postgresOff: 'PostgreSQL, `synchronous_commit` off',
  redis: 'Redis for nonces, PostgreSQL for credentials',
} as const
export type Shared = keyof typeof SHARED

/** Makes empty stores with the credential of the benches. */
export async function newStores(kind: Shared, { postgres, redis }: Engines): Promise<Stores> {
  const database = await newDatabase(postgres.url, kind === 'postgresOff' ? 'off' : 'on')
  const nonces = kind === 'redis' ? { url: redis.url, prefix: newPrefix() } : null
  const stores = { database, nonces }
  const mac = createMac(storeOptions(stores))
  await mac.createCredential('ada', { id: ID, key: KEY })
  await mac.close()
  return stores
}

/** @returns The options of a `Mac` on these stores. */
export function storeOptions({ database, nonces }: Stores): MacOptions {
  return {
    database,
    windowSeconds: WINDOW_SECONDS,
    ...(nonces !== null && { nonces: nonces.url, nonceKeyPrefix: nonces.prefix }),
  }
}
