import { spawn } from 'node:child_process'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import type { Edited, KeylessCredential, Store } from '../../src/store/types.ts'
import { inPostgres, newSchema, rowsIn } from '../support/postgres.ts'
import { endOf } from '../support/process.ts'
import { afterAll, afterEach, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { stored } from '../support/stored.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** What was opened during a test. It is closed in reverse order afterwards. */
const opened: Store[] = []

afterEach(async () => {
  for (const store of opened.splice(0).reverse()) await store.close()
})

async function opening(url: string, connections = 8): Promise<Store> {
  const store = await openStore(databaseSource(url), { connections, timeoutSeconds: 30 })
  opened.push(store)
  return store
}

const mark = async (url: string) =>
  String(
    (await rowsIn(url, "select value from mac_state where name = 'credentials_mark'"))[0]?.value,
  )

/** An edit that adds one character. If two edits read the same row, one of them is lost. */
const addX = (credential: KeylessCredential): Edited => ({
  ...{ credential: { ...credential, label: `${credential.label}x` } },
  ...{ action: 'changed', detail: {} },
})

test('ten processes migrate an empty database at once, and each step runs once', async () => {
  const url = await newSchema(server.url)
  const file = new URL('../support/open-postgres-once.ts', import.meta.url).pathname
  const ends = Array.from({ length: 10 }, () =>
    endOf(spawn(process.execPath, [file, url], { stdio: 'inherit' })),
  )
  expect(await Promise.all(ends)).toEqual(ends.map(() => 0))
  expect(await rowsIn(url, 'select version from mac_schema')).toEqual([{ version: '1' }])
}, 120_000)

test('ten connections migrate an empty database at once', async () => {
  const url = await newSchema(server.url)
  const stores = await Promise.all(Array.from({ length: 10 }, () => opening(url, 2)))
  await stores[0]?.credentials.insert(stored('ada'))
  expect((await stores[9]?.credentials.find('ada'))?.id).toBe('ada')
})

test('of two inserts of one identifier at once, exactly one wins', async () => {
  const url = await newSchema(server.url)
  const [one, other] = [await opening(url), await opening(url)]
  for (let round = 0; round < 20; round++) {
    const id = `id-${round}`
    const inserted = await Promise.all([
      one.credentials.insert(stored(id, { user: 'one' })),
      other.credentials.insert(stored(id, { user: 'other' })),
    ])
    expect([...inserted].sort()).toEqual([false, true])
    const owner = (await one.credentials.find(id))?.user
    expect(owner).toBe(inserted[0] ? 'one' : 'other')
  }
})

test('of many edits of one credential at once, none is lost', async () => {
  const url = await newSchema(server.url)
  const stores = [await opening(url), await opening(url)]
  await stores[0]?.credentials.insert(stored('ada', { label: '' }))
  await Promise.all(
    Array.from({ length: 40 }, (_, at) => stores[at % 2]?.credentials.edit('ada', at, addX)),
  )
  expect((await stores[0]?.credentials.find('ada'))?.label).toBe('x'.repeat(40))
})

test('cleanups, edits, removals and writes of usage at once do not fail', async () => {
  const url = await newSchema(server.url)
  const stores = [await opening(url), await opening(url)]
  const ids = Array.from({ length: 60 }, (_, at) => `id-${String(at).padStart(2, '0')}`)
  const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: 10 } as const
  const now = Math.floor(Date.now() / 1000)
  for (const [at, id] of ids.entries()) {
    const removeAt = at % 3 === 0 ? 20 : null
    await stores[0]?.credentials.insert(stored(id, { keyNumber: 2, rotated: 5, oldKey, removeAt }))
  }
  const touch = (credential: KeylessCredential): Edited => ({
    ...{ credential: { ...credential, label: 'touched' }, action: 'changed', detail: {} },
  })
  const work = stores.flatMap((store, place) => {
    const { credentials, nonces } = store
    const order = place === 0 ? ids : [...ids].reverse()
    return [
      ...order.map((credential) => {
        nonces.countFailure(credential, now)
        const nonce = { timestamp: now, credential, keyNumber: 2, nonce: `${place}`, now }
        return nonces.record(nonce)
      }),
      ...order.map((id) => credentials.edit(id, now, touch)),
      ...Array.from({ length: 10 }, () => credentials.cleanUp(now)),
      ...order.slice(0, 10).map((id) => credentials.remove(id, now)),
    ]
  })
  await Promise.all(work)
  const { deadlocks } =
    (
      await rowsIn(url, 'select deadlocks from pg_stat_database where datname = current_database()')
    )[0] ?? {}
  expect(Number(deadlocks)).toBe(0)
  while ((await stores[0]?.credentials.cleanUp(now)) !== 0) {}
  const left = (await stores[0]?.credentials.list(null)) ?? []
  expect(left.every((each) => each.oldKey === null && each.removeAt === null)).toBe(true)
}, 60_000)

test.each([
  ['an update', "update mac_credentials set revoked = 5 where id = 'ada'"],
  ['a deletion', "delete from mac_credentials where id = 'ada'"],
  ['TRUNCATE', 'truncate mac_credentials'],
  [
    'an upsert',
    `insert into mac_credentials (id, algorithm, key, created, "user") values ('ada', 'a', 'k', 1, 'u')
    on conflict (id) do update set revoked = 5`,
  ],
])('%s by hand draws a new version, also with another search_path', async (_, statement) => {
  const url = await newSchema(server.url)
  const { credentials } = await opening(url)
  await credentials.insert(stored('ada'))
  const schema = url.split('%3D')[1]
  const before = await mark(url)
  await inPostgres(server.url, (client) =>
    client.query(statement.replaceAll('mac_credentials', `${schema}.mac_credentials`)),
  )
  expect(await mark(url)).not.toBe(before)
  expect(String((await credentials.lookUp('ada')).version)).toBe(await mark(url))
})

test('triggers that are missing or disabled are there again after the next start', async () => {
  const url = await newSchema(server.url)
  const { credentials } = await opening(url)
  await credentials.insert(stored('ada'))
  for (const change of [
    'alter table mac_credentials disable trigger mac_credentials_updated',
    'drop trigger mac_credentials_updated on mac_credentials',
  ]) {
    const change1 = await mark(url)
    await inPostgres(url, async (client) => {
      await client.query(change)
      await client.query("update mac_credentials set label = 'x'")
    })
    expect(await mark(url)).toBe(change1)
    await opening(url)
    const restarted = await mark(url)
    expect(restarted).not.toBe(change1)
    await inPostgres(url, (client) => client.query("update mac_credentials set label = 'y'"))
    expect(await mark(url)).not.toBe(restarted)
  }
})

test('a default isolation of serializable in the URL changes nothing', async () => {
  const url = await newSchema(server.url)
  const { credentials } = await opening(
    url.replace('-csearch', '-cdefault_transaction_isolation%3Dserializable%20-csearch'),
  )
  await credentials.insert(stored('ada', { label: '' }))
  await Promise.all(Array.from({ length: 20 }, (_, at) => credentials.edit('ada', at, addX)))
  expect((await credentials.find('ada'))?.label).toBe('x'.repeat(20))
})
