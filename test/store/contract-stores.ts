import { randomUUID } from 'node:crypto'
import {
  CamelCasePlugin,
  Kysely,
  type KyselyPlugin,
  ParseJSONResultsPlugin,
  PostgresDialect,
} from 'kysely'
import { type DatabaseSource, databaseSource } from '../../src/store/database-url.ts'
import { nonceSource } from '../../src/store/nonce-source.ts'
import { openStore } from '../../src/store/open.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import type { StoreSettings } from '../../src/store/store-settings.ts'
import type { Store } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import {
  type Given,
  givenCluster,
  givenPostgres,
  givenRedis,
  givenValkey,
} from '../support/servers/given.ts'
import { schemasIn } from '../support/servers/schema.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'

type Settings = Partial<StoreSettings>

/** Registers work for the end of a test, the latest first. */
export type Later = (undo: () => unknown) => void

/** How the stores of one kind are opened. It has what all of them share, such as a server. */
export interface Opener {
  /** Opens a new store, which sees nothing of the others. */
  open(settings: Settings, later: Later): Promise<Store>
  end(): Promise<unknown>
}

/** A kind of store, which must pass all contracts. */
export interface ContractStore {
  readonly engine: string
  /** How the database, or the Redis, is given to the library. */
  readonly driver: string
  start(): Promise<Opener>
}

/** Opens a store, and closes it at the end of the test, unless the test has closed it. */
async function opening(source: DatabaseSource, settings: Settings, later: Later): Promise<Store> {
  const store = await openStore(source, settings)
  let closing: Promise<void> | null = null
  const close = () => {
    closing ??= store.close()
    return closing
  }
  later(close)
  return { ...store, close }
}

const SEALER = readSealer(`${'A'.repeat(42)}E`)

/** A kind of store that needs nothing that is shared. */
function alone(engine: string, driver: string, open: Opener['open']): ContractStore {
  return { engine, driver, start: async () => ({ open, end: async () => {} }) }
}

function inFile(scheme: 'sqlite' | 'better-sqlite3', more: Settings = {}): Opener['open'] {
  return (settings, later) => {
    const folder = temporaryFolder()
    later(() => folder[Symbol.dispose]())
    const source = databaseSource(`${scheme}:${folder.path('mac.db')}`)
    return opening(source, { ...settings, ...more }, later)
  }
}

function inMemory(scheme: 'sqlite' | 'better-sqlite3'): Opener['open'] {
  return (settings, later) => opening(databaseSource(`${scheme}::memory:`), settings, later)
}

function inOwnKysely(...plugins: KyselyPlugin[]): Opener['open'] {
  return async (settings, later) => {
    const dialect = await applicationDialect(openDatabase(':memory:'))
    const kysely = new Kysely<unknown>({ dialect, plugins })
    later(() => kysely.destroy())
    return opening(databaseSource(kysely), settings, later)
  }
}

export const SQLITE: readonly ContractStore[] = [
  alone('SQLite', 'in memory', inMemory('sqlite')),
  alone('SQLite', 'file', inFile('sqlite')),
  alone('SQLite', 'file, sealed', inFile('sqlite', { sealer: SEALER })),
  alone('SQLite', 'own Kysely', inOwnKysely()),
  alone('SQLite', 'own Kysely, CamelCasePlugin', inOwnKysely(new CamelCasePlugin())),
  alone('SQLite', 'own Kysely, ParseJSONResultsPlugin', inOwnKysely(new ParseJSONResultsPlugin())),
]

export const BETTER_SQLITE3: readonly ContractStore[] = [
  alone('SQLite', 'better-sqlite3, in memory', inMemory('better-sqlite3')),
  alone('SQLite', 'better-sqlite3, file', inFile('better-sqlite3')),
  alone('SQLite', 'better-sqlite3, file, sealed', inFile('better-sqlite3', { sealer: SEALER })),
]

/** A kind of store in a PostgreSQL on which each test has its own schema. */
function inPostgres(
  driver: string,
  source: (url: string, later: Later) => Promise<DatabaseSource>,
  more: Settings = {},
): ContractStore {
  return {
    ...{ engine: 'PostgreSQL', driver },
    async start() {
      const server = await givenPostgres()
      const schemas = await schemasIn(server.url)
      return {
        async open(settings, later) {
          const schema = await schemas.make()
          later(() => schema[Symbol.asyncDispose]())
          return opening(await source(schema.url, later), { ...settings, ...more }, later)
        },
        async end() {
          await schemas[Symbol.asyncDispose]()
          await server[Symbol.asyncDispose]()
        },
      }
    },
  }
}

const byUrl = async (url: string) => databaseSource(url)

async function pool(connectionString: string, later: Later) {
  const { Pool } = await import('pg')
  const made = new Pool({ connectionString, max: 6 })
  later(() => made.end())
  return made
}

async function ownKysely(url: string, later: Later, ...plugins: KyselyPlugin[]) {
  const dialect = new PostgresDialect({ pool: await pool(url, later) })
  return databaseSource(new Kysely<unknown>({ dialect, plugins }))
}

export const POSTGRES: readonly ContractStore[] = [
  inPostgres('URL', byUrl),
  inPostgres('URL, sealed', byUrl, { sealer: SEALER }),
  inPostgres('URL, preparedStatements: false', byUrl, { preparedStatements: false }),
  inPostgres('own Pool', async (url, later) => databaseSource(await pool(url, later))),
  inPostgres('own Kysely', ownKysely),
]

/** What differs only by a setting is enough on one runtime. */
export const POSTGRES_ON_BUN: readonly ContractStore[] = [
  inPostgres('URL, 2 connections', byUrl, { connections: 2 }),
  inPostgres('own Kysely, CamelCasePlugin', (url, later) =>
    ownKysely(url, later, new CamelCasePlugin()),
  ),
]

/** A PostgreSQL in this process. All stores share it, because it starts slowly; each has its own schema. */
export const PGLITE: ContractStore = {
  ...{ engine: 'PGlite', driver: 'own Kysely' },
  async start() {
    const { openPglite, pgliteDialect } = await import('../support/pglite.ts')
    const database = await openPglite()
    let count = 0
    return {
      async open(settings, later) {
        const schema = `withmac_${++count}`
        await database.exec(`create schema ${schema}; set search_path = ${schema}`)
        later(() => database.exec(`drop schema ${schema} cascade`))
        const kysely = new Kysely<unknown>({ dialect: pgliteDialect(database) })
        return opening(databaseSource(kysely), settings, later)
      },
      end: () => database.close(),
    }
  },
}

/** A kind of store with its nonces in Redis: each test has its own keys there, and its own database. */
function inRedis(
  engine: string,
  driver: string,
  given: () => Promise<Given>,
  client: ((url: string, later: Later) => Promise<unknown>) | null,
  credentials: ContractStore = SQLITE[0] as ContractStore,
): ContractStore {
  return {
    ...{ engine, driver },
    async start() {
      const server = await given()
      const database = await credentials.start()
      const undos: (() => unknown)[] = []
      const source = nonceSource(
        client === null ? server.url : await client(server.url, (undo) => undos.push(undo)),
      )
      return {
        open: (settings, later) =>
          database.open(
            { ...settings, nonces: { ...source, keyPrefix: `test:${randomUUID()}:` } },
            later,
          ),
        async end() {
          for (const undo of undos) await undo()
          await database.end()
          await server[Symbol.asyncDispose]()
        },
      }
    },
  }
}

async function ioredis(url: string, later: Later) {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, { autoResendUnfulfilledCommands: false })
  later(() => client.quit())
  return client
}

async function ioredisCluster(url: string, later: Later) {
  const { Cluster } = await import('ioredis')
  const redisOptions = { autoResendUnfulfilledCommands: false }
  const client = new Cluster([url], { redisOptions, retryDelayOnFailover: 0 })
  later(() => client.quit())
  return client
}

async function nodeRedis(url: string, later: Later) {
  const { createClient } = await import('redis')
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  later(() => client.close())
  return client
}

async function nodeRedisCluster(url: string, later: Later) {
  const { createCluster } = await import('redis')
  const client = createCluster({ rootNodes: [{ url }] })
  client.on('error', () => {})
  await client.connect()
  later(() => client.close())
  return client
}

async function bunClient(url: string, later: Later) {
  const { RedisClient } = await import('bun')
  const client = new RedisClient(url)
  await client.connect()
  later(() => client.close())
  return client
}

const [byPostgresUrl] = POSTGRES

export const REDIS: readonly ContractStore[] = [
  inRedis('Redis and SQLite', 'URL', givenRedis, null),
  inRedis('Redis and PostgreSQL', 'URL', givenRedis, null, byPostgresUrl),
  inRedis('Redis and SQLite', 'client of ioredis', givenRedis, ioredis),
  inRedis('Redis and SQLite', 'client of redis', givenRedis, nodeRedis),
]

/** The client of Bun exists only there. */
export const REDIS_ON_BUN: ContractStore = inRedis(
  ...(['Redis and SQLite', 'client of Bun', givenRedis, bunClient] as const),
)

export const REDIS_CLUSTER: readonly ContractStore[] = [
  inRedis('cluster of Redis and SQLite', 'URL', givenCluster, null),
  inRedis('cluster of Redis and SQLite', 'client of ioredis', givenCluster, ioredisCluster),
  inRedis('cluster of Redis and SQLite', 'client of redis', givenCluster, nodeRedisCluster),
]

export const VALKEY: readonly ContractStore[] = [
  inRedis('Valkey and SQLite', 'URL', givenValkey, null),
  inRedis('Valkey and PostgreSQL', 'client of ioredis', givenValkey, ioredis, byPostgresUrl),
]
