import { afterAll, afterEach, beforeAll, describe, expect, test } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { openDatabase } from '../support/sqlite.ts'
import { stored } from '../support/stored.ts'
import { ask, clock, type Server, type SharedFile, sharedFile } from './redis/recording.ts'

let redis: StoreServer
let file: SharedFile
const opened: Server[] = []

beforeAll(async () => {
  redis = await startRedis()
  file = sharedFile()
})
afterEach(async () => {
  for (const server of opened.splice(0)) await server[Symbol.asyncDispose]()
  file[Symbol.dispose]()
  file = sharedFile()
  await ask(redis.url, 'FLUSHALL')
})
afterAll(async () => {
  file[Symbol.dispose]()
  await redis[Symbol.asyncDispose]()
})

async function start(where: 'redis' | 'database'): Promise<Server> {
  const server = await file.open(where === 'redis' ? redis.url : null)
  opened.push(server)
  return server
}

/** Writes where nonces are kept by hand, without what a server does about it. */
function forgePlace(place: number): void {
  const database = openDatabase(file.path)
  database.exec(`update mac_state set value = ${place} where name = 'halted'`)
  database.close()
}

describe('with nonces in Redis for the first time:', () => {
  test('servers that start at once reject nothing, and exactly one of 200 copies is new', async () => {
    const servers = await Promise.all(Array.from({ length: 5 }, () => start('redis')))
    const copies = await Promise.all(
      Array.from({ length: 200 }, (_, at) => (servers[at % 5] as Server).record('copy')),
    )
    expect(copies.filter((verdict) => verdict === 'new')).toHaveLength(1)
    expect(copies.filter((verdict) => verdict === 'seen')).toHaveLength(199)
    for (const [at, server] of servers.entries())
      expect(await server.record(`own-${at}`)).toBe('new')
  })

  test.each(['in another database of Redis', 'under another prefix'])(
    'a server that keeps them %s takes over, and the others say why they reject',
    async (where) => {
      const one = await start('redis')
      expect(await one.record('before')).toBe('new')
      const prefix = where === 'under another prefix'
      const nonces = { url: `${redis.url}${prefix ? '' : '/1'}`, client: null }
      const other = await file.open(redis.url, {
        nonces: { ...nonces, keyPrefix: prefix ? 'other' : 'withmac' },
      })
      opened.push(other)
      const at = clock()
      expect(await other.record('n', at)).toBe('forgotten')
      await expect(one.record('n', at)).rejects.toThrow('in another Redis')
      expect(await other.record('n', at)).toBe('forgotten')
    },
  )

  test('if Redis loses its state, no server takes it for another Redis', async () => {
    const [one, other, idle] = [await start('redis'), await start('redis'), await start('redis')]
    for (const server of [one, other, idle]) expect(await server.record('n')).not.toBe('forgotten')
    await ask(redis.url, 'FLUSHALL')
    for (let round = 0; round < 3; round++) {
      for (const server of [one, other]) expect(await server.record(`m${round}`)).toBe('forgotten')
    }
    // As if the time of the lost nonces had passed.
    await ask(redis.url, 'HSET', 'withmac:{18}:state', 'floor', '0')
    for (const server of [idle, one, other]) {
      expect(await server.record(String(opened.indexOf(server)))).toBe('new')
    }
  })

  test('a nonce from the database is not new, nor any up to then', async () => {
    const at = clock()
    const one = await start('database')
    expect(await one.record('n', at)).toBe('new')
    const other = await start('redis')
    expect(await other.record('n', at)).toBe('forgotten')
    expect((await other.full('m')).floor).toBeGreaterThan(at + 300)
  })

  test('the control: without the floor, the nonce from the database is new again', async () => {
    const at = clock()
    const one = await start('database')
    await one.record('n', at)
    forgePlace(3)
    expect(await (await start('redis')).record('n', at)).toBe('new')
  })

  test('a nonce from an earlier time in Redis is not new after a time in the database', async () => {
    const at = clock()
    expect(await (await start('redis')).record('n', at)).toBe('new')
    expect(await (await start('database')).record('m')).toBe('forgotten')
    const again = await start('redis')
    expect(await again.record('n', at)).toBe('forgotten')
    expect((await again.full('m')).floor).toBeGreaterThan(at + 300)
  })

  test('a move that was interrupted is completed by the next server', async () => {
    const at = clock()
    expect(await (await start('database')).record('n', at)).toBe('new')
    forgePlace(4)
    const next = await start('redis')
    expect(await next.record('n', at)).toBe('forgotten')
    expect(await next.record('later', at)).toBe('forgotten')
  })
})

describe('with nonces in the database again:', () => {
  test('a nonce from Redis is not new, nor any up to then', async () => {
    const at = clock()
    expect(await (await start('redis')).record('n', at)).toBe('new')
    const back = await start('database')
    expect(await back.record('n', at)).toBe('forgotten')
    expect((await back.full('m', at)).floor).toBeGreaterThan(at + 300)
  })

  test('the floor also covers what another server may still record in Redis for a minute', async () => {
    expect(await (await start('redis')).record('n')).toBe('new')
    const moved = clock()
    const { floor } = await (await start('database')).full('m')
    expect(floor).toBeGreaterThanOrEqual(moved + 60 + 300 + 1)
  })

  test('the control: without the floor, the nonce from Redis is new again', async () => {
    const at = clock()
    await (await start('redis')).record('n', at)
    forgePlace(0)
    expect(await (await start('database')).record('n', at)).toBe('new')
  })
})

describe('servers of both kinds on one database:', () => {
  test('those that do not keep nonces where the last one put them reject their requests', async () => {
    const at = clock()
    const first = await start('redis')
    expect(await first.record('n', at)).toBe('new')
    const second = await start('database')
    expect(await second.record('n', at)).toBe('forgotten')
    await expect(first.record('m', at)).rejects.toThrow('in the database itself')
    const third = await start('redis')
    expect(await third.record('n', at)).toBe('forgotten')
    await expect(second.record('o', at)).rejects.toThrow('keeps its nonces in Redis')
    await expect(second.record('o', at)).rejects.toThrow('correct it, and restart this server')
  })

  test('a server that only opens the store, or changes credentials, moves no nonces', async () => {
    const first = await start('redis')
    expect(await first.record('n')).toBe('new')
    const other = await start('database')
    expect(await other.store.credentials.insert(stored('eve'))).toBe(true)
    await other.store.nonces.prune(clock(), 300, 10)
    expect(await first.record('m')).toBe('new')
  })
})

test('a change of a credential counts for the next nonce of each server', async () => {
  const [one, other] = [await start('redis'), await start('redis')]
  await one.store.credentials.insert(stored('ada'))
  const before = await one.full('n')
  expect(before.version).toBe((await other.store.credentials.lookUp('ada')).version)
  await other.store.credentials.edit('ada', clock(), (credential) => ({
    ...{ credential: { ...credential, revoked: clock() }, action: 'revoked', detail: {} },
  }))
  const { version } = await other.store.credentials.lookUp('ada')
  expect(version).not.toBe(before.version)
  expect((await one.full('m')).version).toBe(version)
})
