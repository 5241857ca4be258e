import { Pool } from 'pg'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/types.ts'
import { afterAll, beforeAll, expect, test } from '../support/runner.ts'
import { startPostgres, startStandby } from '../support/servers/postgres.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { stored } from '../support/stored.ts'

let primary: StoreServer
let standby: StoreServer

beforeAll(async () => {
  primary = await startPostgres()
  const store = await openStore({ url: primary.url })
  await store.credentials.insert(stored('ada'))
  await store.close()
  standby = await startStandby(primary)
}, 60_000)
afterAll(async () => {
  await standby[Symbol.asyncDispose]()
  await primary[Symbol.asyncDispose]()
})

const STANDBY = /standby, where a revoked credential may still be valid.* address of the primary/

test('a standby is refused when the store is opened, by its URL and through a pool', async () => {
  await expect(openStore({ url: standby.url })).rejects.toThrow(STANDBY)
  const url = { url: standby.url }
  await expect(openStore(url, { preparedStatements: false })).rejects.toThrow(STANDBY)
  const pool = new Pool({ connectionString: standby.url })
  await expect(openStore({ pool })).rejects.toThrow(STANDBY)
  await pool.end()
})

test('if the connections lead to a standby later, no credential is looked up and no nonce is recorded', async () => {
  const pools = [primary, standby].map(({ url }) => new Pool({ connectionString: url }))
  const [before, after] = pools as [Pool, Pool]
  let current = before
  // What a proxy in front of both does.
  const switching = Object.assign(Object.create(before) as Pool, {
    connect: () => current.connect(),
  })
  const store = await openStore({ pool: switching })
  expect((await store.credentials.lookUp('ada')).credential?.user).toBe(stored('ada').user)
  current = after
  await expect(store.credentials.lookUpKeys('ada')).rejects.toThrow(STANDBY)
  await expect(store.credentials.lookUp('ada')).rejects.toThrow(STANDBY)
  await expect(record(store)).rejects.toThrow('address of the primary')
  current = before
  expect((await store.credentials.lookUp('ada')).credential?.user).toBe(stored('ada').user)
  expect(await record(store)).toBe('new')
  await store.close()
  for (const pool of pools) await pool.end()
})

async function record({ nonces }: Store): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const nonce = { timestamp: now, credential: 'ada', keyNumber: 1, nonce: 'n', now }
  return (await nonces.record(nonce)).verdict
}
