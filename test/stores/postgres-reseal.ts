import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import { readSealer } from '../../src/store/sealing/sealer.ts'
import { newSchema, rowsIn } from '../support/postgres.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { stored } from '../support/stored.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

const sealer = readSealer(`${'A'.repeat(42)}E`)

test('reseal seals all keys in PostgreSQL, and rewrites their table', async () => {
  const url = await newSchema(server.url)
  const before = await openStore(databaseSource(url))
  for (let at = 0; at < 130; at++) await before.credentials.insert(stored(`id-${at}`))
  const file = () => rowsIn(url, "select pg_relation_filepath('mac_credentials') as path")
  const [place] = await file()
  const store = await openStore(databaseSource(url), { sealer })
  const result = await store.reseal({ vacuum: true })
  expect(result).toMatchObject({ resealed: 130, unopened: [], logEmptied: null })
  expect((await file())[0]).not.toEqual(place)
  expect(await rowsIn(url, 'select 1 from mac_credentials where key_sealed_by is null')).toEqual([])
  expect(await rowsIn(url, "select 1 from mac_state where name = 'resealing'")).toEqual([])
  expect((await store.credentials.lookUp('id-7')).credential?.key).toBe(stored('id-7').key)
  await store.close()
  await before.close()
})

test('of two reseals at once in PostgreSQL, only one runs', async () => {
  const url = await newSchema(server.url)
  const stores = [
    await openStore(databaseSource(url), { sealer }),
    await openStore(databaseSource(url), { sealer }),
  ]
  const plain = await openStore(databaseSource(url))
  for (let at = 0; at < 250; at++) await plain.credentials.insert(stored(`id-${at}`))
  const results = await Promise.allSettled(stores.map((store) => store.reseal({})))
  const failed = results.filter(({ status }) => status === 'rejected')
  expect(failed).toMatchObject([{ reason: { code: 'ERR_MAC_SEALED' } }])
  for (const store of [...stores, plain]) await store.close()
})
