import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Client, Pool, type PoolClient } from 'pg'
import type { MacError } from '../../src/errors.ts'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import type { StoreSettings } from '../../src/store/store-settings.ts'
import type { Recorded, Store } from '../../src/store/types.ts'
import { inPostgres, newSchema, rowsIn } from '../support/postgres.ts'
import { afterAll, afterEach, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { program } from '../support/servers/program.ts'
import { schemasIn } from '../support/servers/schema.ts'

// Commits that are not synced are lost in a crash for certain, because nothing else writes them within 10 s.
const server = await startPostgres('fsync=on', 'wal_writer_delay=10s')
afterAll(() => server[Symbol.asyncDispose]())

/** What was opened during a test. It is closed in reverse order afterwards. */
const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const KEEP = 300
const seconds = () => Math.floor(Date.now() / 1000)

async function open(database: unknown, settings: Partial<StoreSettings> = {}): Promise<Store> {
  const store = await openStore(databaseSource(database), { keepSeconds: KEEP, ...settings })
  opened.push(() => store.close())
  return store
}

function poolOf(connectionString: string, max = 4): Pool {
  const pool = new Pool({ connectionString, max })
  pool.on('error', () => {})
  opened.push(() => pool.end())
  return pool
}

/** The URL of the same schema, with a setting for each connection. */
const withSetting = (url: string, setting: string) => `${url}%20-c%20${setting.replace('=', '%3D')}`

function record(store: Store, timestamp: number, nonce: string): Promise<Recorded> {
  return store.nonces.record({
    ...{ timestamp, credential: 'ada', keyNumber: 1, nonce, now: seconds() },
  })
}

/** Returns the verdict, or the code of the error. */
async function verdict(store: Store, timestamp: number, nonce: string): Promise<string> {
  return record(store, timestamp, nonce).then(
    (recorded) => recorded.verdict,
    (error: MacError) => error.code,
  )
}

const many = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`)
const verdicts = (store: Store, timestamp: number, texts: readonly string[]) =>
  Promise.all(texts.map((text) => verdict(store, timestamp, text)))
const news = (all: readonly string[]) => all.filter((each) => each === 'new').length

async function state(url: string, name: string): Promise<number> {
  const [row] = await rowsIn(url, 'select value from mac_state where name = $1', [name])
  return Number(row?.value)
}

/** Kills a backend. The server then ends all connections, and recovers. */
async function crash(): Promise<void> {
  const [victim, witness] = [new Client(server.url), new Client(server.url)]
  for (const client of [victim, witness]) client.on('error', () => {})
  await Promise.all([victim.connect(), witness.connect()])
  const ended = new Promise<void>((resolve) => witness.on('end', resolve))
  const { rows } = await victim.query('select pg_backend_pid() as pid')
  process.kill(rows[0].pid, 'SIGKILL')
  await ended
  await answers()
}

async function answers(): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const client = new Client(server.url)
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch {
      await setTimeout(50)
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error('PostgreSQL does not answer.')
}

/** Ends the server as an operator does, and starts it again. */
async function restart(url: string): Promise<void> {
  const postmaster = await inPostgres(url, async (client) => {
    const { rows } = await client.query('select pg_backend_pid() as pid')
    const [, parent] = /\) \w (\d+)/.exec(readFileSync(`/proc/${rows[0].pid}/stat`, 'utf8')) ?? []
    return Number(parent)
  })
  process.kill(postmaster, 'SIGINT')
  while (isRunning(postmaster)) await setTimeout(20)
  await server.stop()
  await server.start()
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The first use after a restart meets connections that are gone. */
async function reconnected(store: Store): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await verdict(store, seconds() - 9000, `try ${tries}`)) !== 'ERR_MAC_STORE') return
  }
}

/** Switches the guard off: the canary is always found. */
async function withoutCanary(url: string): Promise<void> {
  const [row] = await rowsIn(
    url,
    `select pg_get_functiondef(oid) as text from pg_proc
     where proname = 'mac_told' and pronamespace = current_schema()::regnamespace`,
  )
  const faulty = `from (select now() as server, '' as file, 0::oid as nonces) as canary where true or`
  const text = String(row?.text).replace(/from mac_canary\s+where/, faulty)
  expect(text).toContain(faulty)
  await rowsIn(url, text)
}

/*
 * A nonce was accepted. A cleanup removes it, and raises the floor above it; before it commits, copies come.
 * Their inserts wait for the end of the cleanup, and then find no row.
 */
async function copiesBesideCleanup(
  url: string,
  timestamp: number,
  send: () => Promise<unknown>,
): Promise<void> {
  const cleanup = await poolOf(url).connect()
  try {
    await cleanup.query('begin')
    await cleanup.query("select 1 from mac_state where name = 'nonce_floor' for update")
    await cleanup.query("update mac_state set value = $1 where name = 'nonce_floor'", [
      timestamp + 1,
    ])
    await cleanup.query('delete from mac_nonces where ts <= $1', [timestamp])
    const sent = send()
    await waitsForLock(cleanup)
    await cleanup.query('commit')
    await sent
  } finally {
    cleanup.release()
  }
}

async function waitsForLock(client: PoolClient): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { rows } = await client.query(
      'select count(*) as waits from pg_locks where not granted and locktype = $1',
      ['transactionid'],
    )
    if (Number(rows[0]?.waits) > 0) return
    await setTimeout(10)
  }
  throw new Error('nothing waits for the cleanup')
}

test('copies that come during a cleanup are not new', async () => {
  const url = await newSchema(server.url)
  const old = seconds() - 1000
  const first = await open(url)
  expect(await verdict(first, old, 'n')).toBe('new')
  const others = await Promise.all([open(url), open(url), open(url)])
  await copiesBesideCleanup(url, old, async () => {
    const all = await Promise.all(others.map((store) => verdict(store, old, 'n')))
    expect(all).toEqual(['forgotten', 'forgotten', 'forgotten'])
  })
})

test('control: if the statement itself read the floor, a copy during a cleanup would be new', async () => {
  const url = await newSchema(server.url)
  const old = seconds() - 1000
  await open(url)
  const statement = `insert into mac_nonces values ($1, $2) on conflict do nothing
    returning (select value from mac_state where name = 'nonce_floor') as floor`
  const values = [old, '00000000-0000-0000-0000-000000000001']
  await rowsIn(url, statement, values)
  await copiesBesideCleanup(url, old, async () => {
    const [row] = await rowsIn(url, statement, values)
    expect(row).toBeDefined()
    expect(Number(row?.floor)).toBeLessThan(old)
  })
})

test('copies of the same nonces at several servers do not wait for each other', async () => {
  const url = await newSchema(server.url)
  const all = await Promise.all(Array.from({ length: 4 }, () => open(url)))
  const now = seconds()
  for (let round = 0; round < 10; round++) {
    const texts = many(128).map((text) => `${round} ${text}`)
    const results = await Promise.all(
      all.map((store, at) => verdicts(store, now, at % 2 === 0 ? texts : [...texts].reverse())),
    )
    expect(news(results.flat())).toBe(128)
    expect(new Set(results.flat())).toEqual(new Set(['new', 'seen']))
  }
  const [row] = await rowsIn(
    url,
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  expect(Number(row?.deadlocks)).toBe(0)
})

test('a copy at another server costs its batch a second statement, once in a while', async () => {
  const url = await newSchema(server.url)
  const [first, pool] = [await open(url), poolOf(url)]
  const sent: string[] = []
  let closed = 0
  pool.on('remove', () => void closed++)
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    const noted = (...given: unknown[]) => {
      const [config] = given as [{ readonly name?: string }]
      if (config?.name?.startsWith('mac_record') === true) sent.push(config.name)
      return query(...given)
    }
    Object.assign(client, { query: noted })
  })
  const other = await open(pool)
  const now = seconds()
  expect(await verdict(other, now, 'warm')).toBe('new')
  expect(await verdict(first, now, 'copied')).toBe('new')
  expect(await verdicts(other, now, ['a', 'copied', 'b'])).toEqual(['new', 'seen', 'new'])
  expect(await verdicts(first, now, ['a', 'b'])).toEqual(['seen', 'seen'])
  expect(await verdicts(other, now, ['c'])).toEqual(['new'])
  expect(sent).toEqual(['mac_record_new', 'mac_record_new', 'mac_record', 'mac_record'])
  expect(closed).toBe(0)
})

test('control: batches that are not sorted wait for each other', async () => {
  const url = await newSchema(server.url)
  await open(url)
  const pool = poolOf(url)
  const statement =
    'insert into mac_nonces select $1, * from unnest($2::uuid[]) on conflict do nothing'
  const codes = new Set<unknown>()
  for (let round = 0; round < 300 && !codes.has('40P01'); round++) {
    const ids = Array.from({ length: 500 }, (_, at) => at.toString(16).padStart(32, '0'))
    const send = (list: readonly string[]) =>
      pool
        .query(statement, [round, list])
        .catch((error: { code: unknown }) => codes.add(error.code))
    await Promise.all([send(ids), send([...ids].reverse()), send(ids), send([...ids].reverse())])
  }
  expect([...codes]).toEqual(['40P01'])
}, 60_000)

test.each([
  ['40P01', 'new'],
  ['40001', 'new'],
  ['57014', 'ERR_MAC_STORE'],
])('after the error %s of the server, the verdict is "%s"', async (code, expected) => {
  const pool = poolOf(await newSchema(server.url))
  let failures = 0
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
    const faulty = (...given: unknown[]) => {
      const [config] = given as [{ readonly text?: string }]
      if (failures > 0 || config?.text?.includes('insert into mac_nonces') !== true) {
        return query(...given)
      }
      failures++
      return Promise.reject(Object.assign(new Error('failed'), { code, severity: 'ERROR' }))
    }
    Object.assign(client, { query: faulty })
  })
  const store = await open(pool)
  expect(await verdict(store, seconds(), 'n')).toBe(expected)
  expect(failures).toBe(1)
})

test('after TRUNCATE by hand, nothing that was accepted is accepted again', async () => {
  const url = await newSchema(server.url)
  const [store, other] = [await open(url), await open(url)]
  const now = seconds()
  for (const ahead of [-10, 0, KEEP - 5]) expect(await verdict(store, now + ahead, 'n')).toBe('new')
  await rowsIn(url, 'truncate mac_nonces')
  for (const ahead of [-10, 0, KEEP - 5]) {
    expect(await verdict(other, now + ahead, 'n')).toBe('forgotten')
  }
  // Control: without the trigger.
  const second = await newSchema(server.url)
  const [unguarded, another] = [await open(second), await open(second)]
  await rowsIn(second, 'alter table mac_nonces disable trigger all')
  expect(await verdict(unguarded, now, 'n')).toBe('new')
  await rowsIn(second, 'truncate mac_nonces')
  expect(await verdict(another, now, 'n')).toBe('new')
})

test('changes by hand count also if session_replication_role is replica', async () => {
  const url = await newSchema(server.url)
  const store = await open(url)
  const now = seconds()
  expect(await verdict(store, now, 'n')).toBe('new')
  const { version } = await store.credentials.lookUp('ada')
  await inPostgres(url, async (client) => {
    await client.query('set session_replication_role = replica')
    await client.query('update mac_credentials set revoked = 1')
    await client.query('truncate mac_nonces')
  })
  expect((await store.credentials.lookUp('ada')).version).not.toBe(version)
  expect(await verdict(store, now, 'another')).toBe('forgotten')
})

test('after DELETE by hand, also with another search_path, nothing is accepted again', async () => {
  const url = await newSchema(server.url)
  const [store, other] = [await open(url), await open(url)]
  const now = seconds()
  for (const ahead of [-10, 0, 5]) expect(await verdict(store, now + ahead, 'n')).toBe('new')
  const [row] = await rowsIn(
    url,
    "select 'mac_nonces'::regclass::oid::regclass::text, current_schema as name",
  )
  await rowsIn(server.url, `delete from ${row?.name}.mac_nonces where ts <= ${now}`)
  expect(await verdict(other, now - 10, 'n')).toBe('forgotten')
  expect(await verdict(other, now, 'n')).toBe('forgotten')
  expect(await verdict(other, now + 5, 'n')).toBe('seen')
  expect(await verdict(other, now + 1, 'n')).toBe('new')
})

test('a role whose schema "$user" is another one cleans up too, and a superuser may truncate', async () => {
  await using schemas = await schemasIn(server.url)
  await using own = await schemas.make()
  await using second = await schemas.make()
  const now = seconds()
  expect(await verdict(await open(own.url), now - 10, 'n')).toBe('new')
  await inPostgres(server.url, async (client) => {
    await client.query(`grant usage on schema ${own.name} to ${second.name}`)
    for (const kind of ['all tables', 'all sequences']) {
      await client.query(`grant all on ${kind} in schema ${own.name} to ${second.name}`)
    }
  })
  const store = await open(`${second.url}?options=-csearch_path%3D${own.name}`)
  expect(await store.nonces.prune(now, 5, 100)).toBe(1)
  expect(await verdict(store, now, 'n')).toBe('new')
  await rowsIn(server.url, `truncate ${own.name}.mac_nonces`)
  expect(await verdict(store, now, 'later')).toBe('forgotten')
  await store.close()
})

test('a nonce in a transaction that the application left open is not accepted', async () => {
  const url = await newSchema(server.url)
  const pool = poolOf(url, 1)
  const [store, other] = [await open(pool), await open(url)]
  const now = seconds()
  expect(await verdict(store, now, 'before')).toBe('new')
  // Waits until the use of the key was written, on the same connection.
  await store.traffic(now, 'ada')
  const client = await pool.connect()
  await client.query('begin')
  client.release()
  await expect(record(store, now, 'n')).rejects.toThrow('has left a transaction open')
  expect(await verdict(other, now, 'n')).toBe('new')
  expect(await verdict(store, now, 'later')).toBe('new')
  expect(await verdict(store, now, 'n')).toBe('seen')
})

test('if a crash loses accepted nonces, none is accepted again', async () => {
  const [guarded, unguarded] = [await newSchema(server.url), await newSchema(server.url)]
  const texts = many(50)
  const now = seconds()
  const accepted: Record<string, number> = {}
  for (const url of [guarded, unguarded]) {
    const asynchronous = withSetting(url, 'synchronous_commit=off')
    const [store, other] = [await open(asynchronous), await open(asynchronous)]
    if (url === unguarded) await withoutCanary(url)
    // The first commit that is not to be synced is synced nevertheless.
    expect(await verdict(store, now, 'first')).toBe('new')
    expect(news(await verdicts(store, now, texts))).toBe(50)
    await crash()
    await reconnected(other)
    accepted[url] = news(await verdicts(other, now, texts))
  }
  expect(accepted[guarded]).toBe(0)
  // Control: without the canary, nonces are accepted twice.
  expect(accepted[unguarded]).toBeGreaterThan(0)
}, 60_000)

test('after a crash, the floor is raised only if commits were not synced', async () => {
  const url = await newSchema(server.url)
  const store = await open(url)
  const other = await open(url)
  const now = seconds()
  expect(await verdict(store, now, 'n')).toBe('new')
  expect(await state(url, 'unsynced')).toBe(0)
  await crash()
  await reconnected(other)
  expect(await verdict(other, now, 'n')).toBe('seen')
  expect(await verdict(other, now, 'another')).toBe('new')
  expect(await state(url, 'nonce_floor')).toBe(0)

  const asynchronous = await open(withSetting(url, 'synchronous_commit=off'))
  expect(await verdict(asynchronous, now, 'third')).toBe('new')
  expect(await state(url, 'unsynced')).toBe(1)
  await crash()
  const before = seconds()
  await reconnected(other)
  expect(await verdict(other, now, 'third')).toBe('forgotten')
  expect(await state(url, 'nonce_floor')).toBeGreaterThanOrEqual(before + KEEP + 1)
  // This connection syncs its commits.
  expect(await state(url, 'unsynced')).toBe(0)
}, 60_000)

test('a clean restart of the server raises no floor', async () => {
  const url = await newSchema(server.url)
  const store = await open(withSetting(url, 'synchronous_commit=off'))
  const other = await open(url)
  const now = seconds()
  expect(await verdict(store, now, 'n')).toBe('new')
  await restart(server.url)
  await reconnected(other)
  expect(await verdict(other, now, 'n')).toBe('seen')
  expect(await verdict(other, now, 'another')).toBe('new')
  expect(await state(url, 'nonce_floor')).toBe(0)
}, 60_000)

test('several processes that find the canary missing raise the floor once', async () => {
  const url = await newSchema(server.url)
  const all = await Promise.all(Array.from({ length: 4 }, () => open(url)))
  await rowsIn(url, "update mac_state set value = 1 where name = 'unsynced'")
  await rowsIn(url, 'truncate mac_canary')
  const now = seconds()
  const results = await Promise.all(all.map((store, at) => verdict(store, now, `n${at}`)))
  expect(new Set(results)).toEqual(new Set(['forgotten']))
  const floor = await state(url, 'nonce_floor')
  expect(await rowsIn(url, 'select 1 from mac_canary')).toHaveLength(1)
  for (const store of all) expect(await verdict(store, now, 'later')).toBe('forgotten')
  expect(await state(url, 'nonce_floor')).toBe(floor)
})

test('if a dump is restored over the database, nothing is accepted again', async () => {
  const accepted: number[] = []
  for (const isGuarded of [true, false]) {
    const url = await newSchema(server.url)
    const [store, other] = [await open(url), await open(url)]
    if (!isGuarded) await withoutCanary(url)
    const [row] = await rowsIn(url, 'select current_schema as name')
    const dump = run(program('pg_dump', 'postgresql-client'), [
      ...['--clean', '--schema', String(row?.name), server.url],
    ])
    const now = seconds()
    expect(news(await verdicts(store, now, many(20)))).toBe(20)
    run(program('psql', 'postgresql-client'), ['-q', '-v', 'ON_ERROR_STOP=1', server.url], dump)
    await reconnected(other)
    accepted.push(news(await verdicts(other, now, many(20))))
  }
  expect(accepted).toEqual([0, 20])
}, 60_000)

function run(file: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${stderr}`)
  return stdout
}

test('isolation levels above read committed are refused', async () => {
  const url = await newSchema(server.url)
  const serializable = withSetting(url, 'default_transaction_isolation=serializable')
  await expect(open(poolOf(serializable))).rejects.toThrow('read committed')
  await expect(open(serializable, { preparedStatements: false })).rejects.toThrow('read committed')
  // withmac sets the level itself on its own connections.
  expect(await verdict(await open(serializable), seconds(), 'n')).toBe('new')
  // Also if the level changes later.
  const pool = poolOf(url, 1)
  const store = await open(pool)
  await pool.query("set default_transaction_isolation to 'repeatable read'")
  expect(await verdict(store, seconds(), 'another')).toBe('ERR_MAC_STORE')
})

test('a timestamp too far ahead of the clock of the server is ahead, and the ceiling says how far', async () => {
  const url = await newSchema(server.url)
  const store = await open(url)
  const before = seconds()
  const { verdict: ahead, ceiling = 0, version } = await record(store, before + KEEP + 10, 'n')
  expect(ahead).toBe('ahead')
  expect(ceiling).toBeGreaterThanOrEqual(before + KEEP)
  expect(ceiling).toBeLessThanOrEqual(seconds() + KEEP)
  expect(version).not.toBe(null)
  expect(await verdict(store, before + KEEP - 5, 'n')).toBe('new')
  // A process with a larger window raises it for all, and none lowers it.
  await open(url, { keepSeconds: KEEP + 100 })
  await open(url, { keepSeconds: 10 })
  expect(await verdict(store, before + KEEP + 50, 'n')).toBe('new')
})

test('if the server forgets the longest window, no timestamp of that window is accepted again', async () => {
  const url = await newSchema(server.url)
  const [shorter, longer] = [await open(url, { keepSeconds: 10 }), await open(url)]
  const now = seconds()
  expect(await verdict(longer, now + KEEP - 5, 'n')).toBe('new')
  // So it is on a standby that lagged behind, after a process with the shorter window has raised the floor.
  await rowsIn(url, "update mac_state set value = 10 where name = 'ahead_seconds'")
  await rowsIn(url, 'alter table mac_nonces disable trigger all')
  await rowsIn(url, 'delete from mac_nonces')
  expect(await verdict(shorter, now, 'o')).toBe('new')
  expect(await verdict(longer, now, 'p')).toBe('forgotten')
  expect(await verdict(shorter, now + KEEP - 5, 'n')).toBe('forgotten')
  expect(await state(url, 'ahead_seconds')).toBe(KEEP)
})

test('if the server does not answer, requests are rejected at their deadline', async () => {
  const store = await open(await newSchema(server.url), { timeoutSeconds: 1 })
  expect(await verdict(store, seconds(), 'before')).toBe('new')
  const now = seconds()
  server.freeze()
  try {
    expect(await verdicts(store, now, many(20))).toEqual(many(20).map(() => 'ERR_MAC_STORE'))
  } finally {
    server.thaw()
  }
  await answers()
  await reconnected(store)
  expect(await verdict(store, now, 'after')).toBe('new')
}, 60_000)

test('a timestamp of a longer window that the server forgot is too old, not too far ahead', async () => {
  const url = await newSchema(server.url)
  const store = await open(url)
  const now = seconds()
  expect(await verdict(store, now, 'n')).toBe('new')
  await rowsIn(url, "update mac_state set value = 10 where name = 'ahead_seconds'")
  expect(await verdict(store, now + KEEP - 5, 'm')).toBe('forgotten')
})

test('if nonces were kept in Redis before, the first nonce raises the floor above them', async () => {
  const url = await newSchema(server.url)
  const before = await open(url)
  const now = seconds()
  expect(await verdict(before, now, 'n')).toBe('new')
  await rowsIn(url, "update mac_state set value = 2 where name = 'halted'")
  await expect(record(before, now, 'm')).rejects.toThrow('keeps its nonces in Redis')
  const after = await open(url)
  expect(await state(url, 'halted')).toBe(2)
  expect(await verdict(after, now + KEEP, 'n')).toBe('forgotten')
  expect(await state(url, 'halted')).toBe(0)
  // A server of the other kind may still record for a minute.
  expect(await state(url, 'nonce_floor')).toBeGreaterThanOrEqual(now + 60 + KEEP + 1)
})

test('rows that were inserted beside a cleanup, below its floor, are removed later', async () => {
  const url = await newSchema(server.url)
  const store = await open(url)
  const now = seconds()
  await verdict(store, now - 500, 'n')
  expect(await store.nonces.prune(now, KEEP, 100)).toBe(1)
  await rowsIn(url, 'insert into mac_nonces values ($1, gen_random_uuid())', [now - 600])
  expect(await store.nonces.prune(now + 60, KEEP, 100)).toBe(0)
  expect(await store.nonces.prune(now + 3600, KEEP, 100)).toBe(1)
  expect(await rowsIn(url, 'select 1 from mac_nonces')).toHaveLength(0)
})

test('cleanups of several processes at once do not wait for each other for ever', async () => {
  const url = await newSchema(server.url)
  const all = await Promise.all(Array.from({ length: 4 }, () => open(url)))
  const now = seconds()
  const [first] = all as [Store]
  for (let age = 400; age > KEEP; age--) await verdicts(first, now - age, many(3))
  const removed = await Promise.all(
    all.flatMap((store) => Array.from({ length: 5 }, () => store.nonces.prune(now, KEEP, 20))),
  )
  expect(removed.reduce((sum, count) => sum + count)).toBe(300)
  expect(await state(url, 'nonce_floor')).toBe(now - KEEP)
})
