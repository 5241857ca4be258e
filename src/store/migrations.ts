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
  { version: 2, up: countChanges },
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

/**
 * Counts every change of a credential, so that what a process remembers of one can be held against
 * the count. Triggers do it, so that a change made by hand counts as well. A credential that is
 * added changes nothing that anybody remembers, unless it takes the place of another (`replace`).
 */
async function countChanges(db: Kysely<MacDatabase>): Promise<void> {
  await db
    .insertInto('mac_state')
    .values(
      (['credentials_version', 'boot', 'high_water'] as const).map((name) => ({ name, value: 0 })),
    )
    .execute()
  const count = sql`begin
    update mac_state set value = value + 1 where name = 'credentials_version';
  end`
  await sql`create trigger mac_credentials_changed after update on mac_credentials ${count}`.execute(
    db,
  )
  await sql`create trigger mac_credentials_removed after delete on mac_credentials ${count}`.execute(
    db,
  )
  await sql`create trigger mac_credentials_replaced before insert on mac_credentials
    when exists (select 1 from mac_credentials where id = new.id) ${count}`.execute(db)
}
