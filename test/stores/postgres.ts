import { CamelCasePlugin, Kysely, type KyselyPlugin, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import type { StoreSettings } from '../../src/store/store-settings.ts'
import type { Store } from '../../src/store/types.ts'
import { credentialContract } from '../store/credential-contract.ts'
import { trafficContract } from '../store/traffic-contract.ts'
import { usageContract } from '../store/usage-contract.ts'
import { openPglite, pgliteDialect } from '../support/pglite.ts'
import { newSchema } from '../support/postgres.ts'
import { afterAll, afterEach, describe } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const server = await startPostgres()
const pglite = await openPglite()
afterAll(async () => {
  await pglite.close()
  await server[Symbol.asyncDispose]()
})

/** What was opened during a test. It is closed in reverse order afterwards. */
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

type Settings = Partial<StoreSettings>

async function opening(database: unknown, settings: Settings): Promise<Store> {
  const store = await openStore(databaseSource(database), settings)
  opened.push(store.close)
  return store
}

async function pool(): Promise<Pool> {
  const own = new Pool({ connectionString: await newSchema(server.url), max: 4 })
  opened.push(() => own.end())
  return own
}

/** An application's own Kysely, without the tables of withmac. */
async function kysely(...plugins: KyselyPlugin[]): Promise<Kysely<unknown>> {
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: await pool() }), plugins })
}

let schemas = 0

/** All tests share one PGlite, because it takes long to start. */
async function inPglite(): Promise<Kysely<unknown>> {
  const schema = `test_${schemas++}`
  await pglite.exec(`create schema ${schema}; set search_path to ${schema}`)
  return new Kysely<unknown>({ dialect: pgliteDialect(pglite) })
}

const sealer = readSealer(`${'A'.repeat(42)}E`)

const stores: readonly [string, (settings: Settings) => Promise<Store>][] = [
  ['in PostgreSQL', async (settings) => opening(await newSchema(server.url), settings)],
  [
    'in PostgreSQL, its keys sealed',
    async (settings) => opening(await newSchema(server.url), { ...settings, sealer }),
  ],
  [
    'in PostgreSQL without prepared statements',
    async (settings) =>
      opening(await newSchema(server.url), { ...settings, preparedStatements: false }),
  ],
  ["in a caller's own Pool", async (settings) => opening(await pool(), settings)],
  ["in a caller's own Kysely", async (settings) => opening(await kysely(), settings)],
  [
    "in a caller's own Kysely with CamelCasePlugin",
    async (settings) => opening(await kysely(new CamelCasePlugin()), settings),
  ],
  ['in PGlite', async (settings) => opening(await inPglite(), settings)],
]

describe.each(stores)('the credential store %s:', (_, open) => credentialContract(() => open({})))
describe.each(stores)('the usage of credentials %s:', (_, open) => usageContract(() => open({})))
describe.each(stores)('the traffic %s:', (_, open) =>
  trafficContract((traffic) => open({ traffic })),
)
