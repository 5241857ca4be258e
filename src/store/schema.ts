import { type Kysely, sql } from 'kysely'

/** The tables, as Kysely sees them. Times are whole seconds since 1970. */
export interface MacDatabase {
  readonly mac_credentials: CredentialsTable
  readonly mac_nonces: NoncesTable
  readonly mac_state: StateTable
  readonly mac_schema: SchemaTable
}

interface CredentialsTable {
  readonly id: string
  readonly user: string
  readonly key: string
  readonly algorithm: string
  readonly label: string | null
  readonly created: number
  readonly expires: number | null
  readonly revoked: number | null
  readonly clock_offset: number | null
}

/** Clustered by time: expiry deletes a range at one end, inserts append near the other. */
interface NoncesTable {
  readonly ts: number
  readonly credential: string
  readonly nonce: string
}

/** Single numbers: `nonce_floor`, `keep_seconds`, `keep_confirmed`. */
interface StateTable {
  readonly name: string
  readonly value: number
}

/** One row for each migration that was run. */
interface SchemaTable {
  readonly version: number
}

/** A step from one version of the tables to the next. Never changed once released. */
export interface Migration {
  readonly version: number
  up(db: Kysely<MacDatabase>): Promise<void>
}

/** All steps, in order. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, up: createTables }]

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
    .values(['nonce_floor', 'keep_seconds', 'keep_confirmed'].map((name) => ({ name, value: 0 })))
    .execute()
}
