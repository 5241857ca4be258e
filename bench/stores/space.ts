import assert from 'node:assert/strict'
import { Client } from 'pg'
import { createClient } from 'redis'
import { seconds } from '../signing/request.ts'
import { openStore, type Store } from '../withmac.ts'
import type { Engine } from './engines.ts'
import { newDatabase, newNonce, recordIn } from './recorders.ts'

/** How many bytes the engines need for a nonce. */
export interface Space {
  /** The table with its index, freshly filled. */
  readonly postgres: number
  /** The memory of the integer sets. */
  readonly redis: number
  /** The memory of a key for each nonce, for comparison. */
  readonly set: number
}

/** How many nonces to record in each engine. */
export interface SpaceSettings {
  readonly postgres: number
  readonly redis: number
}

/** How many nonces have the same timestamp. In Redis the size depends on it. */
const POSTGRES_RATE = 5000
export const REDIS_RATE = 30_000
const KEEP_SECONDS = 300
const IN_FLIGHT = 512

/** Fills engines that were just started. The nonces come in the order of their timestamps. */
export async function measureSpace(
  start: { postgres(): Promise<Engine>; redis(): Promise<Engine> },
  counts: SpaceSettings,
): Promise<Space> {
  const [postgres, redis, plainRedis] = [
    await start.postgres(),
    await start.redis(),
    await start.redis(),
  ]
  try {
    return {
      postgres: await postgresBytes(await newDatabase(postgres.url, 'off'), counts.postgres),
      redis: await redisBytes(redis.url, counts.redis),
      set: await setBytes(plainRedis.url, counts.redis),
    }
  } finally {
    for (const engine of [postgres, redis, plainRedis]) await engine.stop()
  }
}

async function postgresBytes(url: string, count: number): Promise<number> {
  const store = await openStore({ url }, { keepSeconds: KEEP_SECONDS })
  await fill(store, count, POSTGRES_RATE)
  await store.close()
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(
    "select count(*) as rows, pg_total_relation_size('mac_nonces') as bytes from mac_nonces",
  )
  await client.end()
  const [{ rows: found, bytes }] = rows as [{ rows: string; bytes: string }]
  assert.equal(Number(found), count, 'all nonces are in the table')
  return Number(bytes) / count
}

async function redisBytes(url: string, count: number): Promise<number> {
  const nonces = { url, client: null, keyPrefix: 'withmac' }
  const store = await openStore(
    { path: null, driver: 'own' },
    { nonces, keepSeconds: KEEP_SECONDS },
  )
  const before = await usedMemory(url)
  await fill(store, count, REDIS_RATE)
  const after = await usedMemory(url)
  await store.close()
  return (after - before) / count
}

async function setBytes(url: string, count: number): Promise<number> {
  const client = createClient({ url })
  await client.connect()
  const before = await usedMemory(url)
  for (let done = 0; done < count; done += IN_FLIGHT) {
    const wave = Array.from({ length: Math.min(IN_FLIGHT, count - done) }, () => newNonce())
    const keys = wave.map(
      ({ timestamp, credential, nonce }) => `${timestamp}:${credential}:${nonce}`,
    )
    await Promise.all(keys.map((key) => client.set(key, '1', { NX: true, EX: KEEP_SECONDS })))
  }
  const after = await usedMemory(url)
  await client.close()
  return (after - before) / count
}

/** Records nonces with timestamps from the window before now, some thousands with each. */
async function fill(store: Store, count: number, rate: number): Promise<void> {
  const first = seconds() - Math.ceil(count / rate)
  const CHUNK = 20_000
  for (let done = 0; done < count; done += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - done) }, (_, at) =>
      newNonce(first + Math.floor((done + at) / rate)),
    )
    assert.equal(await recordIn(store, chunk, IN_FLIGHT), chunk.length, 'every nonce is new')
  }
}

/** The memory of the data, of the server itself and of its buffers. The last two hardly change. */
async function usedMemory(url: string): Promise<number> {
  const client = createClient({ url })
  await client.connect()
  const found = /used_memory:(\d+)/.exec(await client.info('memory'))
  await client.close()
  return Number(found?.[1])
}
