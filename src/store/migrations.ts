import { type Kysely, sql } from 'kysely'
import type { MacDatabase } from './schema.ts'

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
      (['credentials_version', 'boot', 'high_water'] as const).map((name) => ({ name, value: 0 })),
    )
    .execute()
}

/** Triggers that counted changes one by one, in place of which others are set up: see triggers.ts. */
async function dropCounters(db: Kysely<MacDatabase>): Promise<void> {
  for (const name of ['changed', 'removed', 'replaced']) {
    await sql`drop trigger if exists ${sql.ref(`mac_credentials_${name}`)}`.execute(db)
  }
}
