import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { temporaryFolder } from '../support/folder.ts'
import { type Limited, limited } from '../support/limited.ts'
import { afterAll, afterEach, beforeAll, expect, test } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'
import type { StoreServer } from '../support/servers/store-server.ts'
import { ask } from './redis/recording.ts'

let redis: StoreServer
const folders: Disposable[] = []
const macs: Limited[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterEach(async () => {
  for (const { mac } of macs.splice(0)) await mac.close()
  for (const folder of folders.splice(0)) folder[Symbol.dispose]()
  await ask(redis.url, 'FLUSHALL')
})
afterAll(() => redis[Symbol.asyncDispose]())

/** @returns Servers on one database, with their nonces in one Redis. */
function servers(count: number): Limited[] {
  const folder = temporaryFolder()
  folders.push(folder)
  const options = { database: `sqlite:${folder.path('mac.db')}`, nonces: redis.url }
  const made = Array.from({ length: count }, () => limited(options))
  macs.push(...made)
  return made
}

test('a request is accepted once by all servers together', async () => {
  const all = servers(4)
  const [first] = all as [Limited]
  const { id, key } = await first.mac.createCredential('ada')
  const signing = { nonce: 'copied', ts: Math.floor(Date.now() / 1000) }
  const outcomes = await Promise.all(
    Array.from({ length: 80 }, (_, at) => all[at % 4]?.send({ id, key }, undefined, signing)),
  )
  expect(outcomes.filter((outcome) => outcome === '200')).toHaveLength(1)
  expect(outcomes.filter((outcome) => outcome === '401 ERR_MAC_REPLAY')).toHaveLength(79)
})

test('a revocation counts for the next request of every server, also of one that has cached the key', async () => {
  const [one, other] = servers(2) as [Limited, Limited]
  const { id, key } = await one.mac.createCredential('ada')
  for (let sent = 0; sent < 3; sent++) expect(await other.send({ id, key })).toBe('200')
  await one.mac.revokeCredential(id)
  expect(await other.send({ id, key })).toBe('401 ERR_MAC_REJECTED')
  expect(other.rejections.at(-1)?.code).toBe('ERR_MAC_REVOKED')
})

test('while Redis is down, signed requests get a 503, and the operator learns why', async () => {
  const [server] = servers(1) as [Limited]
  const { id, key } = await server.mac.createCredential('ada')
  expect(await server.send({ id, key })).toBe('200')
  await redis.stop()
  try {
    expect(await server.send({ id, key })).toBe('503 ERR_MAC_STORE')
    expect(server.rejections.at(-1)?.message).toContain(`The Redis ${redis.url} failed`)
  } finally {
    await redis.start()
  }
  // Redis started empty, so it may have lost nonces up to the end of the window.
  expect(await server.send({ id, key })).toBe('401 ERR_MAC_TIMESTAMP_STALE')
})

test('a script that does not close its Mac ends by itself', () => {
  const script = join(import.meta.dirname, 'redis/create-and-end.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, redis.url], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
