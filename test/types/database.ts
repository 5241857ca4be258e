import type { Cluster, Redis } from 'ioredis'
import { type Generated, Kysely, type PostgresPool, type Transaction } from 'kysely'
import type { Client, Pool } from 'pg'
import { createClient } from 'redis'
import { createMac, type MacOptions } from 'withmac'
import { type Equal, holds } from './exact.ts'

// The database of an application. Its types do not include the tables of withmac.
interface AppDatabase {
  readonly users: { readonly id: Generated<number>; readonly name: string }
  readonly articles: { readonly id: Generated<number>; readonly text: string | null }
}

export const forApplication = (database: Kysely<AppDatabase>) => createMac({ database })
export const forTransaction = (database: Transaction<AppDatabase>) => createMac({ database })
export const forUntyped = (database: Kysely<unknown>) => createMac({ database })
export const forEmpty = (database: Kysely<Record<never, never>>) => createMac({ database })
// biome-ignore lint/suspicious/noExplicitAny: this is how an untyped Kysely is often written
export const forAny = (database: Kysely<any>) => createMac({ database })

export const forPool = (database: Pool) => createMac({ database })
export const forRedis = (nonces: Redis | Cluster) => createMac({ nonces })
export const forNodeRedis = () => createMac({ nonces: createClient() })

// biome-ignore lint/suspicious/noExplicitAny: the option is declared with it
holds<Equal<MacOptions['database'], string | Kysely<any> | PostgresPool | undefined>>()

// @ts-expect-error: the class is not an instance
createMac({ database: Kysely })
// @ts-expect-error: a table's query is not the database
export const forQuery = (db: Kysely<AppDatabase>) => createMac({ database: db.selectFrom('users') })
// @ts-expect-error: a promise of a Kysely is not a Kysely
export const forPromise = (database: Promise<Kysely<AppDatabase>>) => createMac({ database })
// @ts-expect-error: a single client is not a pool
export const forClient = (database: Client) => createMac({ database })
// @ts-expect-error: seconds are a number
createMac({ storeTimeoutSeconds: '2' })
