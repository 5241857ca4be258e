import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { createClient } from 'redis'
import { freshNonce, ID, seconds } from '../signing/request.ts'
import {
  type Nonce,
  openStore,
  RECORD,
  redisConnection,
  runScript,
  type Store,
  setOf,
  shardsOf,
} from '../withmac.ts'
import type { Engines } from './engines.ts'
import type { Recorder } from './rounds.ts'

/** How many are in flight: for what the goals are meant, and for a lone request. */
export const IN_FLIGHT = [1, 8, 64, 512] as const

/** A recorder for each number in flight, on the same connections. */
export interface Contender<Item> {
  readonly recorders: readonly Recorder<Item>[]
  close(): Promise<void>
}

/** The window, in seconds, for which all of them keep nonces. */
const WINDOW_SECONDS = 300
/** How many batches the store sends at a time, and how many nonces a batch has at most. */
const MOST_BATCHES = 4
const LARGEST_BATCH = { postgres: 128, redis: 512 }

/** @returns The store with nonces in PostgreSQL. */
export async function postgresStore(
  { postgres }: Engines,
  synchronous: 'on' | 'off',
): Promise<Contender<Nonce>> {
  const url = await newDatabase(postgres.url, synchronous)
  const store = await openStore({ url }, { keepSeconds: WINDOW_SECONDS })
  await assertRejectsReplays(store)
  return storeRecorders(store, { kind: 'postgres', synchronous, enginePid: postgres.pid })
}

/** @returns The store with nonces in Redis, and credentials in PostgreSQL or in memory. */
export async function redisStore(
  { postgres, redis }: Engines,
  kind: 'redis' | 'redisAndPostgres',
): Promise<Contender<Nonce>> {
  const source =
    kind === 'redis'
      ? ({ path: null, driver: 'own' } as const)
      : { url: await newDatabase(postgres.url, 'on') }
  const nonces = { url: redis.url, client: null, keyPrefix: newPrefix() }
  const store = await openStore(source, { nonces, keepSeconds: WINDOW_SECONDS })
  await assertRejectsReplays(store)
  return storeRecorders(store, { kind, synchronous: null, enginePid: redis.pid })
}

/**
 * Returns what only inserts rows of the same size, with batches as large and as many as those of the store. It
 * hashes nothing, reads nothing, and fails at a replay.
 */
export async function plainInserts(
  { postgres }: Engines,
  synchronous: 'on' | 'off',
): Promise<Contender<Row>> {
  const connectionString = await newDatabase(postgres.url, synchronous)
  const clients = Array.from({ length: MOST_BATCHES }, () => new Client({ connectionString }))
  for (const client of clients) await client.connect()
  const [client] = clients as [Client]
  await client.query('create table plain (ts bigint, id uuid, primary key (ts, id))')
  const insert = async (batch: readonly Row[], at: number) => {
    const values = [batch.map(({ timestamp }) => timestamp), batch.map(({ id }) => id)]
    await clients[at]?.query({
      name: 'insert',
      text: 'insert into plain select * from unnest($1::bigint[], $2::uuid[])',
      values: values.map((column) => `{${column.join()}}`),
    })
    return batch.length
  }
  const batch = Array.from({ length: 64 }, newRow)
  await insert(batch, 0)
  await assert.rejects(insert(batch, 0), 'a plain insert fails at a replay')
  const { rows } = await client.query('select count(*) from plain')
  assert.equal(Number(rows[0].count), 64, 'all nonces are in the table')
  const description = { kind: 'insert', synchronous, enginePid: postgres.pid } as const
  return {
    recorders: IN_FLIGHT.map((inFlight) => ({
      ...{ ...description, inFlight, prepare: newRow },
      record: (all) => inBatches(all, inFlight, LARGEST_BATCH.postgres, insert),
    })),
    async close() {
      for (const each of clients) await each.end()
    },
  }
}

/** @returns What only sets a key for each nonce. It rejects a replay, but keeps no floor, and notices no loss. */
export async function pipelinedSets({ plainRedis }: Engines): Promise<Contender<string>> {
  const client = createClient({ url: plainRedis.url })
  await client.connect()
  const milliseconds = String(1000 * WINDOW_SECONDS)
  const set = async (keys: readonly string[]) => {
    const answers = await Promise.all(
      keys.map((key) => client.sendCommand(['SET', key, '1', 'NX', 'PX', milliseconds])),
    )
    return answers.filter((answer) => String(answer) === 'OK').length
  }
  const batch = Array.from({ length: 64 }, newKey)
  assert.equal(await set(batch), 64, 'new keys are set')
  assert.equal(await set(batch), 0, 'known keys are not set')
  const description = { kind: 'set', synchronous: null, enginePid: plainRedis.pid } as const
  return {
    recorders: IN_FLIGHT.map((inFlight) => ({
      ...{ ...description, inFlight, prepare: newKey },
      record: (all) => inBatches(all, inFlight, LARGEST_BATCH.redis, set),
    })),
    close: () => client.close(),
  }
}

/**
 * Returns what runs the script of the store, with batches as large as those of the store. Keys and fingerprints are
 * made before.
 */
export async function redisScript({ redis }: Engines): Promise<Contender<Member>> {
  const source = { url: redis.url, client: null, keyPrefix: newPrefix() }
  const connection = await redisConnection(source, 'Redis', 10)
  const [shard] = shardsOf(source.keyPrefix, false)
  assert(shard !== undefined)
  const ahead = String(WINDOW_SECONDS)
  const run = async (batch: readonly Member[], start: string) => {
    const values: string[] = []
    for (let from = 0; from < batch.length; ) {
      const { timestamp } = batch[from] as Member
      const same = batch.slice(from).findIndex((member) => member.timestamp !== timestamp)
      const to = same === -1 ? batch.length : from + same
      values.push(String(timestamp), String(to - from))
      for (let at = from; at < to; at++) values.push((batch[at] as Member).number)
      from = to
    }
    const keys = batch.map(({ timestamp, bucket }) => setOf(shard, timestamp, bucket))
    const given = [ahead, shard.salt, start, ...values]
    const told = await runScript(connection, RECORD, [shard.state, shard.seconds, ...keys], given)
    const [first, second, verdicts = ''] = String(told).split(' ')
    // A new state draws its own salt.
    if (first === 'salt' && second !== undefined) shard.salt = second
    return verdicts.match(/n/g)?.length ?? 0
  }
  const record = (batch: readonly Member[]) => run(batch, '')
  await run([], 'first')
  const batch = Array.from({ length: 64 }, newMember)
  assert.equal(await record(batch), 64, 'new nonces are recorded')
  assert.equal(await record(batch), 0, 'recorded nonces are not new')
  const description = { kind: 'script', synchronous: null, enginePid: redis.pid } as const
  return {
    recorders: IN_FLIGHT.map((inFlight) => ({
      ...{ ...description, inFlight, prepare: newMember },
      record: (all) => inBatches(all, inFlight, LARGEST_BATCH.redis, record),
    })),
    close: () => connection.close(),
  }
}

let databases = 0
let prefixes = 0

/** Creates a database. @returns Its URL. */
export async function newDatabase(url: string, synchronous: 'on' | 'off'): Promise<string> {
  const name = `bench_${process.pid}_${databases++}`
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`create database ${name}`)
  if (synchronous === 'off') {
    await client.query(`alter database ${name} set synchronous_commit = off`)
  }
  await client.end()
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

/** @returns The start of keys in Redis, which no other store has. */
export function newPrefix(): string {
  return `bench-${process.pid}-${prefixes++}`
}

/** @returns A nonce of a request that comes now. */
export function newNonce(timestamp: number = seconds()): Nonce {
  return { timestamp, credential: ID, keyNumber: 1, nonce: freshNonce(), now: seconds() }
}

/** Records all nonces in a store, `inFlight` at a time: when one is recorded, the next begins, as requests do. */
export async function recordIn(
  { nonces }: Store,
  all: readonly Nonce[],
  inFlight: number,
): Promise<number> {
  let [next, recorded] = [0, 0]
  const line = async () => {
    for (let nonce = all[next++]; nonce !== undefined; nonce = all[next++]) {
      const { verdict } = await nonces.record(nonce)
      if (verdict === 'new') recorded++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, line))
  return recorded
}

function storeRecorders(
  store: Store,
  description: Pick<Recorder, 'kind' | 'synchronous' | 'enginePid'>,
): Contender<Nonce> {
  return {
    recorders: IN_FLIGHT.map((inFlight) => ({
      ...{ ...description, inFlight, prepare: () => newNonce() },
      record: (all) => recordIn(store, all, inFlight),
    })),
    close: () => store.close(),
  }
}

async function assertRejectsReplays(store: Store): Promise<void> {
  const batch = Array.from({ length: 64 }, () => newNonce())
  assert.equal(await recordIn(store, batch, 64), 64, 'new nonces are recorded')
  assert.equal(await recordIn(store, batch, 64), 0, 'recorded nonces are not new')
  const twin = newNonce()
  assert.equal(await recordIn(store, [twin, twin], 2), 1, 'one of two copies at once is new')
}

/** Records with a batch for each connection, and never more than `inFlight` at a time. */
async function inBatches<Item>(
  all: readonly Item[],
  inFlight: number,
  largest: number,
  record: (batch: readonly Item[], connection: number) => Promise<number>,
): Promise<number> {
  const size = Math.min(inFlight, largest)
  let [next, recorded] = [0, 0]
  const loop = async (_: unknown, connection: number) => {
    while (next < all.length) {
      const from = next
      next += size
      const added = await record(all.slice(from, next), connection)
      recorded += added
    }
  }
  await Promise.all(Array.from({ length: inFlight / size }, loop))
  return recorded
}

/** A row of the plain table. */
interface Row {
  readonly timestamp: number
  readonly id: string
}

/** A fingerprint, and the set that it belongs to. */
interface Member {
  readonly timestamp: number
  readonly bucket: number
  readonly number: string
}

function newMember(): Member {
  const bytes = randomBytes(9)
  return {
    timestamp: seconds(),
    bucket: bytes.readUInt8(8),
    number: bytes.readBigInt64LE(0).toString(),
  }
}

function newRow(): Row {
  return { timestamp: seconds(), id: randomUUID() }
}

function newKey(): string {
  return `${seconds()}:${ID}:${freshNonce()}`
}
