import { Database } from 'bun:sqlite'
import { CamelCasePlugin, Kysely, ParseJSONResultsPlugin } from 'kysely'
import { BunSqliteDialect } from 'kysely-bun-sqlite'
import { databaseSource } from '../../src/store/database-source.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../support/folder.ts'
import { afterEach, describe } from '../support/runner.ts'
import { credentialContract } from './credential-contract.ts'
import { nonceContract } from './nonce-contract.ts'

/** An application's own tables, which know nothing of ours. */
interface AppDatabase {
  readonly users: { readonly id: number; readonly name: string }
}

/** What was opened during a test, and is closed in the opposite order after it. */
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function opening(store: Promise<Store>): Promise<Store> {
  const { close } = await store
  opened.push(close)
  return store
}

function ownKysely(plugins: (CamelCasePlugin | ParseJSONResultsPlugin)[] = []) {
  const dialect = new BunSqliteDialect({ database: new Database(':memory:') })
  const database = new Kysely<AppDatabase>({ dialect, plugins })
  opened.push(() => database.destroy())
  return database
}

const stores: readonly [string, () => Promise<Store>][] = [
  ['in memory', () => opening(openStore({ path: null, driver: 'own' }))],
  [
    'in a file',
    () => {
      const folder = temporaryFolder()
      opened.push(() => folder[Symbol.dispose]())
      return opening(openStore({ path: folder.path('mac.db'), driver: 'own' }))
    },
  ],
  ["in a caller's own Kysely", () => opening(openStore(databaseSource(ownKysely())))],
  [
    "in a caller's own Kysely with CamelCasePlugin",
    () => opening(openStore(databaseSource(ownKysely([new CamelCasePlugin()])))),
  ],
  [
    "in a caller's own Kysely with ParseJSONResultsPlugin",
    () => opening(openStore(databaseSource(ownKysely([new ParseJSONResultsPlugin()])))),
  ],
]

describe.each(stores)('credentials %s', (_, open) => credentialContract(open))
describe.each(stores)('nonces %s', (_, open) => nonceContract(open))
