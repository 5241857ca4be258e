import { type Kysely, sql } from 'kysely'
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
