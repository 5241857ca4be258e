import { databaseSource } from '../../src/store/database-url.ts'
import { nonceSource } from '../../src/store/nonce-source.ts'
import { openStore } from '../../src/store/open.ts'
import type { Recorded, Store } from '../../src/store/types.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'
import { type Schemas, schemasIn } from '../support/servers/schema.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { stored } from '../support/stored.ts'
import { ask, clock } from './redis/recording.ts'

let postgres: StoreServer
let redis: StoreServer
let schemas: Schemas
const opened: Store[] = []

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  schemas = await schemasIn(postgres.url)
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  await ask(redis.url, 'FLUSHALL')
})
afterAll(async () => {
  await schemas[Symbol.asyncDispose]()
  await Promise.all([postgres[Symbol.asyncDispose](), redis[Symbol.asyncDispose]()])
})

async function open(url: string, where: 'redis' | 'database'): Promise<Store> {
  const nonces = where === 'redis' ? { ...nonceSource(redis.url), keyPrefix: 'withmac' } : null
  const store = await openStore(databaseSource(url), { nonces })
  opened.push(store)
  return store
}

function record({ nonces }: Store, nonce: string, timestamp: number): Promise<Recorded> {
  return nonces.record({ timestamp, credential: 'ada', keyNumber: 1, nonce, now: clock() })
}

const verdict = async (store: Store, nonce: string, timestamp: number) =>
  (await record(store, nonce, timestamp)).verdict

describe('credentials in PostgreSQL, nonces in Redis:', () => {
  test('servers that start at once reject nothing, and exactly one of many copies is new', async () => {
    const { url } = await schemas.make()
    const at = clock()
    const servers = await Promise.all([1, 2, 3, 4].map(() => open(url, 'redis')))
    const copies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => verdict(servers[index % 4] as Store, 'n', at)),
    )
    expect(copies.filter((each) => each === 'new')).toHaveLength(1)
    expect(copies.filter((each) => each === 'seen')).toHaveLength(99)
  })

  test('nonces that are moved are not new, and servers of the other kind reject theirs', async () => {
    const { url } = await schemas.make()
    const at = clock()
    const first = await open(url, 'database')
    expect(await verdict(first, 'n', at)).toBe('new')
    const second = await open(url, 'redis')
    expect(await verdict(second, 'n', at)).toBe('forgotten')
    await expect(record(first, 'm', at)).rejects.toThrow('keeps its nonces in Redis')
    const third = await open(url, 'database')
    expect(await verdict(third, 'n', at)).toBe('forgotten')
    await expect(record(second, 'm', at)).rejects.toThrow('in the database itself')
  })

  test('a change of a credential counts for the next nonce of each server', async () => {
    const { url } = await schemas.make()
    const [one, other] = [await open(url, 'redis'), await open(url, 'redis')]
    await one.credentials.insert(stored('ada'))
    const before = await record(one, 'n', clock())
    expect(before.version).toBe((await other.credentials.lookUp('ada')).version)
    await other.credentials.edit('ada', clock(), (credential) => ({
      ...{ credential: { ...credential, revoked: clock() }, action: 'revoked', detail: {} },
    }))
    const { version } = await other.credentials.lookUp('ada')
    expect(version).not.toBe(before.version)
    expect((await record(one, 'm', clock())).version).toBe(version)
  })
})
