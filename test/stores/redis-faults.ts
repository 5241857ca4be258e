import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { startProxy } from './redis/proxy.ts'
import { ask, clock, type Server, sharedFile } from './redis/recording.ts'

/** How long a request waits. */
const SOON = { timeoutSeconds: 0.25 }
const LATE = 'did not answer before storeTimeoutSeconds were over'

let redis: StoreServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis[Symbol.asyncDispose]())

/** Checks that all requests are rejected with this reason. */
async function expectRejections(records: readonly Promise<string>[], reason: string) {
  for (const outcome of await Promise.allSettled(records)) {
    expect(outcome.status === 'rejected' ? String(outcome.reason) : outcome.value).toContain(reason)
  }
}

afterEach(async () => {
  redis.thaw()
  await ask(redis.url, 'CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
  await ask(redis.url, 'FLUSHALL')
})

/** Records new nonces until one has an answer, and returns it. */
async function recovered(server: Server): Promise<string> {
  let last: unknown
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await server.record(`again-${tries}`)
    } catch (error) {
      last = error
      await setTimeout(20)
    }
  }
  throw last
}

describe('a Redis that does not answer:', () => {
  test('a stopped process: requests are rejected at their deadline, and accepted when it goes on', async () => {
    using file = sharedFile()
    await using server = await file.open(redis.url, SOON)
    const at = clock()
    expect(await server.record('before', at)).toBe('new')
    redis.freeze()
    const all = Array.from({ length: 50 }, (_, at) => server.record(`frozen-${at}`))
    await expectRejections(all, LATE)
    await expect(server.record('still')).rejects.toThrow(LATE)
    redis.thaw()
    expect(await recovered(server)).toBe('new')
    expect(await server.record('before', at)).toBe('seen')
  })

  test('a network that loses everything: requests are rejected, and accepted when it works again', async () => {
    using file = sharedFile()
    await using proxy = await startProxy(redis.port)
    await using server = await file.open(proxy.url, SOON)
    const at = clock()
    expect(await server.record('before')).toBe('new')
    proxy.mode = 'hole'
    await expect(server.record('lost', at)).rejects.toThrow(LATE)
    proxy.mode = 'open'
    // A request that never arrived was not recorded.
    expect(await recovered(server)).toBe('new')
    expect(await server.record('lost', at)).toBe('new')
  })

  test('an answer that is lost: the request is rejected, not sent again, and its nonce is used up', async () => {
    using file = sharedFile()
    await using proxy = await startProxy(redis.port)
    await using server = await file.open(proxy.url, SOON)
    const at = clock()
    expect(await server.record('before')).toBe('new')
    proxy.mode = 'mute'
    await expect(server.record('lost', at)).rejects.toThrow(LATE)
    proxy.mode = 'open'
    expect(await recovered(server)).toBe('new')
    expect(await server.record('lost', at)).toBe('seen')
  })

  test('a connection that it ends while nothing is sent is opened again, without a rejection', async () => {
    using file = sharedFile()
    await using server = await file.open(redis.url, SOON)
    expect(await server.record('before')).toBe('new')
    await ask(redis.url, 'CLIENT', 'KILL', 'TYPE', 'normal')
    await setTimeout(50)
    expect(await server.record('after')).toBe('new')
  })

  test('one that is down when a server starts: the next request opens the store', async () => {
    using file = sharedFile()
    await redis.stop()
    try {
      await expect(file.open(redis.url, SOON)).rejects.toThrow('The Redis redis://127.0.0.1')
    } finally {
      await redis.start()
    }
    await using server = await file.open(redis.url, SOON)
    expect(await server.record('n')).toBe('new')
  })

  test('a client of ioredis: requests are rejected at their deadline, and accepted later', async () => {
    using file = sharedFile()
    const client = new Redis(redis.url, { autoResendUnfulfilledCommands: false })
    client.on('error', () => {})
    try {
      await using server = await file.open(client, SOON)
      expect(await server.record('before')).toBe('new')
      redis.freeze()
      await expect(server.record('frozen')).rejects.toThrow(LATE)
      redis.thaw()
      expect(await recovered(server)).toBe('new')
    } finally {
      client.disconnect()
    }
  })
})

describe('the memory of a Redis:', () => {
  test('one that may evict keys is refused, and the error says what to set', async () => {
    using file = sharedFile()
    await ask(redis.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const opening = file.open(redis.url)
    await expect(opening).rejects.toThrow('(maxmemory-policy allkeys-lru)')
    await expect(opening).rejects.toThrow('CONFIG SET maxmemory-policy noeviction')
    expect(await ask(redis.url, 'DBSIZE')).toBe(0)
  })

  test('one that is full rejects requests, records nothing of them, and accepts them later', async () => {
    using file = sharedFile()
    await using server = await file.open(redis.url)
    const at = clock()
    expect(await server.record('before', at)).toBe('new')
    await ask(redis.url, 'CONFIG', 'SET', 'maxmemory', '1')
    const all = Array.from({ length: 20 }, (_, index) => server.record(`n-${index}`, at))
    await expectRejections(all, 'its memory is full')
    await ask(redis.url, 'CONFIG', 'SET', 'maxmemory', '0')
    for (let index = 0; index < 20; index++) {
      expect(await server.record(`n-${index}`, at)).toBe('new')
    }
    expect(await server.record('before', at)).toBe('seen')
  })
})

test('a user without rights to scripts gets an error that names them', async () => {
  using file = sharedFile()
  await ask(redis.url, 'ACL', 'SETUSER', 'weak', 'on', '>secret', '~*', '+@read', '+@connection')
  const url = redis.url.replace('//', '//weak:secret@')
  await expect(file.open(url)).rejects.toThrow('its user lacks a right')
})
