import { createServer, type Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import { Client, Pool } from 'pg'
import { databaseFindings } from '../../src/doctor/database.ts'
import { adviceText, type Finding } from '../../src/doctor/finding.ts'
import { FUNCTIONS, NONCE_TRIGGERS, TABLES } from '../../src/doctor/postgres-tables.ts'
import { createMac } from '../../src/index.ts'
import { databaseSource } from '../../src/store/database-url.ts'
import { POSTGRES_TRIGGER_NAMES } from '../../src/store/postgres/migrations.ts'
import { withmac } from '../cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type OwnRole, ownRole } from '../support/own-role.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** Makes a schema with the tables of withmac, and one credential that is valid for a year. */
async function migrated(): Promise<OwnRole> {
  const schema = await ownRole(server.url)
  const mac = createMac({ database: schema.url })
  await mac.createCredential('ada', { id: 'a', expires: new Date(Date.now() + 365 * 86_400_000) })
  await mac.close()
  return schema
}

async function run(url: string, ...queries: readonly string[]): Promise<unknown[][]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const all: unknown[][] = []
  for (const query of queries) all.push((await client.query(query)).rows)
  await client.end()
  return all
}

async function findings(database: unknown): Promise<Finding[]> {
  return databaseFindings(databaseSource(database))
}

/** The states and subjects, without what depends on the server that the tests were given. */
function subjects(found: readonly Finding[]): string[] {
  const varies = ['fsync', 'commits', 'connections', 'vacuum', 'round trip']
  return found
    .filter(({ subject }) => !varies.includes(subject))
    .map(({ state, subject }) => `${state} ${subject}`)
}

function of(found: readonly Finding[], subject: string): Finding | undefined {
  return found.find((each) => each.subject === subject)
}

const HEALTHY = [
  ...['good runtime', 'good server', 'good primary', 'good isolation', 'good tables'],
  ...['good triggers', 'good functions', 'good rights', 'good credentials', 'good history'],
  ...['note sealing', 'good nonces', 'good loss', 'good clocks'],
]

test('finds no problem in a new database, and changes nothing in it', async () => {
  const schema = await migrated()
  const read = () => run(schema.url, 'table mac_state', 'table mac_canary', 'table mac_guard')
  const before = await read()
  expect(subjects(await findings(schema.url))).toEqual(HEALTHY)
  expect(await read()).toEqual(before)
})

test('finds the same through your own Pool and your own Kysely, and leaves them open', async () => {
  const schema = await migrated()
  const pool = new Pool({ connectionString: schema.url, max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  for (const database of [pool, db]) {
    const found = await findings(database)
    expect(subjects(found)).toEqual(HEALTHY)
    expect(of(found, 'runtime')?.text).toContain(
      database === pool ? 'your own Pool' : 'your own Kysely',
    )
    expect((await pool.query('select 1')).rowCount).toBe(1)
  }
  await db.destroy()
})

test('knows the tables, triggers and functions that a migration creates', async () => {
  const schema = await migrated()
  const here = '(select oid from pg_namespace where nspname = current_user)'
  const [tables, functions, triggers] = await run(
    schema.url,
    `select relname as name from pg_class where relnamespace = ${here} and relkind = 'r' and relname <> 'mac_schema'`,
    `select proname as name from pg_proc where pronamespace = ${here}`,
    `select tgname as name from pg_trigger t join pg_class c on c.oid = tgrelid
      where relnamespace = ${here} and not tgisinternal`,
  )
  const names = (rows: unknown) => (rows as { name: string }[]).map(({ name }) => name).toSorted()
  expect(names(tables)).toEqual(TABLES.toSorted())
  expect(names(functions)).toEqual(FUNCTIONS.toSorted())
  expect(names(triggers)).toEqual([...POSTGRES_TRIGGER_NAMES, ...NONCE_TRIGGERS].toSorted())
})

test('says if the tables are missing, and how to create them', async () => {
  const schema = await ownRole(server.url)
  const tables = of(await findings(schema.url), 'tables')
  expect(tables?.state).toBe('bad')
  expect(adviceText(tables?.advice ?? [])).toContain('"withmac init"')
})

test('names each right that the role lacks', async () => {
  const schema = await migrated()
  const role = `withmac_doctor_${process.pid}`
  const { name } = schema
  await run(
    server.url,
    `create role ${role} login`,
    `alter role ${role} set search_path = ${name}`,
    `grant usage on schema ${name} to ${role}`,
    `grant select, insert, update on all tables in schema ${name} to ${role}`,
    `grant delete on mac_nonces to ${role}`.replace('mac_nonces', `${name}.mac_nonces`),
    `revoke execute on function ${name}.mac_told() from public`,
  )
  const url = new URL(schema.url)
  url.username = role
  const rights = of(await findings(url.href), 'rights')
  expect(rights?.state).toBe('bad')
  expect(rights?.text).toContain('delete on mac_credentials')
  expect(rights?.text).toContain('execute on mac_told')
  expect(rights?.text).not.toContain('mac_nonces')
  expect(rights?.text).not.toContain('mac_schema')
  await run(server.url, `drop owned by ${role}`, `drop role ${role}`)
})

test('says which trigger is missing, which is disabled, and what that means', async () => {
  const schema = await migrated()
  await run(
    schema.url,
    'drop trigger mac_credentials_deleted on mac_credentials',
    'alter table mac_nonces disable trigger mac_nonces_truncated',
  )
  const triggers = of(await findings(schema.url), 'triggers')
  expect(triggers?.state).toBe('bad')
  expect(triggers?.text).toContain(
    'mac_credentials_deleted, mac_nonces_truncated are missing or disabled',
  )
})

test('says that nonces may be lost, and until when requests are rejected', async () => {
  const schema = await migrated()
  await run(schema.url, 'truncate mac_canary')
  expect(of(await findings(schema.url), 'loss')?.state).toBe('note')
  await run(schema.url, 'select mac_revive(0)')
  await run(
    schema.url,
    `update mac_state set value = floor(extract(epoch from now())) + 90 where name = 'nonce_floor'`,
  )
  expect(of(await findings(schema.url), 'loss')?.text).toMatch(
    /of the next (?:9[01]|8\d) seconds are rejected/,
  )
})

test('notices newer tables, other isolation, and autovacuum that is off for nonces', async () => {
  const schema = await migrated()
  await run(
    schema.url,
    'insert into mac_schema values (999)',
    `alter role ${schema.name} set default_transaction_isolation = 'serializable'`,
  )
  const newer = await findings(schema.url)
  expect(of(newer, 'tables')?.text).toContain('only knows versions up to')
  expect(of(newer, 'isolation')?.state).toBe('note')
  const pool = new Pool({ connectionString: schema.url })
  expect(of(await findings(pool), 'isolation')?.state).toBe('bad')
  await pool.end()
  await run(
    schema.url,
    'delete from mac_schema where version = 999',
    'alter table mac_nonces set (autovacuum_enabled = false)',
  )
  expect(of(await findings(schema.url), 'vacuum')?.text).toContain(
    'autovacuum is off for mac_nonces',
  )
})

test('a server that takes connections and never answers is a finding after a few seconds', async () => {
  const open: Socket[] = []
  const silent = createServer((socket) => void open.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const began = performance.now()
  const found = await findings(`postgres://u:very-secret@127.0.0.1:${port}/db`)
  expect(subjects(found)).toEqual(['bad server'])
  expect(found[0]?.text).toContain('it did not answer within 3 seconds')
  expect(JSON.stringify(found)).not.toContain('secret')
  expect(performance.now() - began).toBeLessThan(20_000)
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

test('a Pool without a free connection is a finding, and gets its connection back', async () => {
  const schema = await migrated()
  const pool = new Pool({ connectionString: schema.url, max: 1 })
  const only = await pool.connect()
  expect((await findings(pool))[0]?.text).toContain('it did not answer within 3 seconds')
  only.release()
  expect((await pool.query('select 1')).rowCount).toBe(1)
  await pool.end()
})

test('says what the settings of a server promise', async () => {
  await using own = await startPostgres()
  await run(
    own.url,
    'alter system set synchronous_commit = off',
    'alter system set full_page_writes = off',
    'select pg_reload_conf()',
  )
  const found = await findings(own.url)
  expect(of(found, 'fsync')).toMatchObject({ state: 'bad' })
  expect(found.filter(({ subject }) => subject === 'fsync')).toHaveLength(2)
  expect(of(found, 'commits')?.text).toContain('up to three times 200ms')
})

test('withmac doctor ends at once, and with 1 if the server cannot be reached', async () => {
  using folder = temporaryFolder()
  const url = 'postgres://u:very-secret@127.0.0.1:1/db'
  const { out, status } = await withmac(['doctor', '--database', url], { cwd: folder.path('.') })
  expect(out).toContain('postgres://127.0.0.1:1/db cannot be used: nothing listens there')
  expect(out).not.toContain('very-secret')
  expect(status).toBe(1)
})
