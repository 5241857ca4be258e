import { CamelCasePlugin, Kysely, type KyselyPlugin, ParseJSONResultsPlugin } from 'kysely'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import type { Store } from '../../src/store/types.ts'
import { TrafficCounters } from '../../src/store/usage/traffic-counters.ts'
import { temporaryFolder } from '../support/folder.ts'
import { afterEach, describe } from '../support/runner.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'
import { credentialContract } from './credential-contract.ts'
import { nonceContract } from './nonce-contract.ts'
import { trafficContract } from './traffic-contract.ts'
import { usageContract } from './usage-contract.ts'

/** An application's own tables, without those of withmac. */
interface AppDatabase {
  readonly users: { readonly id: number; readonly name: string }
}

/** What was opened during a test. It is closed in reverse order afterwards. */
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function opening(store: Promise<Store>): Promise<Store> {
  const { close } = await store
  opened.push(close)
  return store
}

async function openingOwn(traffic: TrafficCounters, ...plugins: KyselyPlugin[]): Promise<Store> {
  const dialect = await applicationDialect(openDatabase(':memory:'))
  const database = new Kysely<AppDatabase>({ dialect, plugins })
  opened.push(() => database.destroy())
  return opening(openStore(databaseSource(database), { traffic }))
}

const sealed = readSealer(`${'A'.repeat(42)}E`)

const stores: readonly [string, (traffic: TrafficCounters) => Promise<Store>][] = [
  ['in memory', (traffic) => opening(openStore({ path: null, driver: 'own' }, { traffic }))],
  [
    'in a file',
    (traffic) => {
      const folder = temporaryFolder()
      opened.push(() => folder[Symbol.dispose]())
      return opening(openStore({ path: folder.path('mac.db'), driver: 'own' }, { traffic }))
    },
  ],
  [
    'in a file, its keys sealed',
    (traffic) => {
      const folder = temporaryFolder()
      opened.push(() => folder[Symbol.dispose]())
      return opening(
        openStore({ path: folder.path('mac.db'), driver: 'own' }, { sealer: sealed, traffic }),
      )
    },
  ],
  ["in a caller's own Kysely", (traffic) => openingOwn(traffic)],
  [
    "in a caller's own Kysely with CamelCasePlugin",
    (traffic) => openingOwn(traffic, new CamelCasePlugin()),
  ],
  [
    "in a caller's own Kysely with ParseJSONResultsPlugin",
    (traffic) => openingOwn(traffic, new ParseJSONResultsPlugin()),
  ],
]

describe.each(stores)('the credential store %s:', (_, open) =>
  credentialContract(() => open(new TrafficCounters())),
)
describe.each(stores)('the nonce store %s:', (_, open) =>
  nonceContract(() => open(new TrafficCounters())),
)
describe.each(stores)('the usage of credentials %s:', (_, open) =>
  usageContract(() => open(new TrafficCounters())),
)
describe.each(stores)('the traffic %s:', (_, open) => trafficContract(open))
