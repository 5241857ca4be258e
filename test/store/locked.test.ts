import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { serve } from '../support/serve.ts'
import { openDatabase } from '../support/sqlite.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
/**
 * In milliseconds. A request that waits twice needs at least four seconds; a busy machine adds less than
 * this.
 */
const GIVEN_UP = 3800
/** In milliseconds. A request that waits at all waits for two seconds. */
const BLOCKED = 1800

/** Starts a server, and opens another connection that can take the write lock. */
async function start() {
  const folder = temporaryFolder()
  const server = await serve(`sqlite:${folder.path('mac.db')}`)
  await server.mac.createCredential('ada', KEY)
  const other = openDatabase(folder.path('mac.db'))
  return {
    server,
    other,
    async [Symbol.asyncDispose]() {
      other.close()
      await server[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Calls `work` again and again until `end`. Returns the longest time of one call. */
async function longest(work: () => Promise<unknown>, end: Promise<unknown>): Promise<number> {
  let running = true
  const done = () => {
    running = false
  }
  end.then(done, done)
  let most = 0
  while (running) {
    const start = performance.now()
    await work()
    most = Math.max(most, performance.now() - start)
    await sleep(5)
  }
  return most
}

test('a request waits for a short lock', async () => {
  await using place = await start()
  place.other.exec('begin immediate')
  const answer = place.server.send(KEY)
  setTimeout(() => place.other.exec('commit'), 300)
  expect(await answer).toBe('200')
})

test('a long lock gives a 503 in time, does not delay other requests, and does no lasting harm', async () => {
  await using place = await start()
  const { server, other } = place
  other.exec('begin immediate')
  const begun = performance.now()
  const answer = server.send(KEY)
  const slowest = longest(async () => expect(await server.sendAnonymous()).toBe('200'), answer)
  expect(await answer).toBe('503 ERR_MAC_STORE')
  expect(performance.now() - begun).toBeLessThan(GIVEN_UP)
  expect(await slowest).toBeLessThan(BLOCKED)
  expect(server.rejections.map(({ message }) => message)).toEqual([
    expect.stringContaining('locked'),
  ])
  other.exec('rollback')
  expect(await server.send(KEY)).toBe('200')
}, 180_000)

test('many requests during a long lock do not wait for each other', async () => {
  await using place = await start()
  const { server, other } = place
  other.exec('begin immediate')
  const begun = performance.now()
  const answers = Promise.all(Array.from({ length: 24 }, () => server.send(KEY)))
  const slowest = longest(async () => expect(await server.sendAnonymous()).toBe('200'), answers)
  expect(new Set(await answers)).toEqual(new Set(['503 ERR_MAC_STORE']))
  const all = performance.now() - begun
  other.exec('rollback')
  expect(await server.send(KEY)).toBe('200')
  expect(await slowest).toBeLessThan(BLOCKED)
  expect(all).toBeLessThan(GIVEN_UP)
}, 180_000)

test('a request that is rejected anyway does not wait for a lock', async () => {
  await using place = await start()
  const { server, other } = place
  other.exec('begin immediate')
  const begun = performance.now()
  expect(await server.send({ ...KEY, key: 'wrong' })).toBe('401 ERR_MAC_REJECTED')
  expect(await server.send({ ...KEY, id: 'nobody' })).toBe('401 ERR_MAC_REJECTED')
  expect(performance.now() - begun).toBeLessThan(BLOCKED)
  other.exec('rollback')
})

test('ready rejects in time if a new file is locked, and opens the file later', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const other = openDatabase(path)
  other.exec('begin exclusive')
  await using server = await serve(`sqlite:${path}`)
  const begun = performance.now()
  await expect(server.mac.ready()).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  expect(performance.now() - begun).toBeLessThan(GIVEN_UP)
  other.exec('rollback')
  await server.mac.ready()
  other.close()
}, 180_000)
