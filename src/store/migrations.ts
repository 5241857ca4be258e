import { type Kysely, sql } from 'kysely'
import { fingerprintOf, packEntries } from './journal-entries.ts'
import type { MacDatabase, StateName } from './schema.ts'

/** A step from one version of the tables to the next. Never changed once released. */
export interface Migration {
  readonly version: number
  up(db: Kysely<MacDatabase>): Promise<void>
}

/** All steps, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, up: createTables },
  { version: 2, up: addNumbers },
  { version: 3, up: dropCounters },
  { version: 4, up: addLife },
  { version: 5, up: beginJournal },
]

/** The version of the tables that this code works with. */
export const SCHEMA_VERSION: number = MIGRATIONS.length

async function createTables(db: Kysely<MacDatabase>): Promise<void> {
  await db.schema
    .createTable('mac_credentials')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('label', 'text')
    .addColumn('created', 'integer', (column) => column.notNull())
    .addColumn('expires', 'integer')
    .addColumn('revoked', 'integer')
    .addColumn('clock_offset', 'integer')
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await db.schema
    .createIndex('mac_credentials_user')
    .on('mac_credentials')
    .columns(['user', 'created'])
    .execute()
  await db.schema
    .createTable('mac_nonces')
    .addColumn('ts', 'integer', (column) => column.notNull())
    .addColumn('credential', 'text', (column) => column.notNull())
    .addColumn('nonce', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('mac_nonces_key', ['ts', 'credential', 'nonce'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await db.schema
    .createTable('mac_state')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'integer', (column) => column.notNull())
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await db
    .insertInto('mac_state')
    .values(
      (['nonce_floor', 'keep_seconds', 'keep_confirmed'] as const).map((name) => ({
        name,
        value: 0,
      })),
    )
    .execute()
}

/** What triggers and the guard against power cuts write: see `mac_state`. */
async function addNumbers(db: Kysely<MacDatabase>): Promise<void> {
  await db
    .insertInto('mac_state')
    .values(
      ['credentials_version', 'boot', 'high_water'].map((name) => ({
        name: name as StateName,
        value: 0,
      })),
    )
    .execute()
}

/** Triggers that counted changes one by one, in place of which others are set up: see triggers.ts. */
async function dropCounters(db: Kysely<MacDatabase>): Promise<void> {
  for (const name of ['changed', 'removed', 'replaced']) {
    await sql`drop trigger if exists ${sql.ref(`mac_credentials_${name}`)}`.execute(db)
  }
}

/** All that happens to a credential between its making and its end. */
async function addLife(db: Kysely<MacDatabase>): Promise<void> {
  const columns = [
    ...['disabled integer', "scopes text not null default ''"],
    ...['key_number integer not null default 1', 'key_sealed_by text', 'rotated integer'],
    ...['old_key text', 'old_algorithm text', 'old_sealed_by text', 'old_until integer'],
    ...['limit_requests integer', 'limit_seconds integer', 'remove_at integer'],
  ]
  for (const column of columns) {
    await sql`alter table mac_credentials add column ${sql.raw(column)}`.execute(db)
  }
  // What is to be removed is looked for again and again: few credentials have any of it.
  for (const column of ['old_until', 'remove_at']) {
    await sql`create index ${sql.ref(`mac_credentials_${column}`)} on mac_credentials
      (${sql.ref(column)}) where ${sql.ref(column)} is not null`.execute(db)
  }
  await sql`create table mac_usage (credential text not null, key_number integer not null,
    used integer not null, primary key (credential, key_number)) strict, without rowid`.execute(db)
  await sql`create table mac_failures (credential text not null, hour integer not null,
    count integer not null, primary key (credential, hour)) strict, without rowid`.execute(db)
  await sql`create table mac_audit (number integer primary key not null, at integer not null,
    action text not null, credential text not null, user text not null, detail text not null)
    strict`.execute(db)
  await sql`create index mac_audit_credential on mac_audit (credential, number)`.execute(db)
  await shutOutEarlierServers(db)
}

/**
 * A server of an earlier version that is still at work knows neither disabled credentials nor sealed
 * keys: it would let people in who are kept out. It cannot do without this number under its old name,
 * and from here on answers 503.
 */
async function shutOutEarlierServers(db: Kysely<MacDatabase>): Promise<void> {
  for (const name of ['updated', 'deleted', 'overwritten']) {
    await sql`drop trigger if exists ${sql.ref(`mac_credentials_${name}`)}`.execute(db)
  }
  await sql`update mac_state set name = 'credentials_mark' where name = 'credentials_version'`.execute(
    db,
  )
}

/** How many nonces become one row of the journal. */
const NONCES_IN_A_ROW = 512

/**
 * Nonces in a journal, in place of a table that each of them was a row of. Servers of earlier versions
 * miss that table, and from here on answer 503.
 */
async function beginJournal(db: Kysely<MacDatabase>): Promise<void> {
  const random = sql`random() & ${sql.lit(2 ** 52 - 1)}`
  await sql`create table mac_nonce_log (seq integer primary key not null, tag integer not null,
    latest integer not null, entries blob not null) strict`.execute(db)
  await sql`insert into mac_nonce_log values (1, ${random}, 0, x'')`.execute(db)
  await sql`insert into mac_state values ('nonce_salt', ${random}), ('halted', 0)`.execute(db)
  await carryNoncesOver(db)
  await sql`drop table mac_nonces`.execute(db)
  // What was written unsynced up to this mark may have been lost with a power cut.
  await sql`update mac_state set value = max(value, 1 + (
    select value from mac_state where name = 'high_water'))
    where name = 'nonce_floor' and
    exists (select 1 from mac_state where name = 'boot' and value <> 0)`.execute(db)
  await sql`delete from mac_state where name in ('boot', 'high_water')`.execute(db)
}

async function carryNoncesOver(db: Kysely<MacDatabase>): Promise<void> {
  const state = await sql<{
    value: number
  }>`select value from mac_state where name = 'nonce_salt'`.execute(db)
  const salt = Number(state.rows[0]?.value)
  let last: OldNonce = { ts: -1, credential: '', nonce: '' }
  for (;;) {
    const { rows } = await sql<OldNonce>`select ts, credential, nonce from mac_nonces
      where (ts, credential, nonce) > (${last.ts}, ${last.credential}, ${last.nonce})
      order by ts, credential, nonce limit ${NONCES_IN_A_ROW}`.execute(db)
    const end = rows.at(-1)
    if (end === undefined) return
    last = end
    const { latest, entries } = packEntries(
      rows.map(({ ts, credential, nonce }) => ({
        timestamp: Number(ts),
        fingerprint: fingerprintOf(salt, Number(ts), credential, nonce),
      })),
    )
    await sql`insert into mac_nonce_log (tag, latest, entries)
      values (random() & ${sql.lit(2 ** 52 - 1)}, ${latest}, ${entries})`.execute(db)
  }
}

interface OldNonce {
  readonly ts: number
  readonly credential: string
  readonly nonce: string
}
