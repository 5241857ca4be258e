import { type Kysely, type RawBuilder, sql } from 'kysely'
import { immediately } from './connection.ts'
import { fingerprintOf, packEntries } from './journal-entries.ts'
import { type Migrations, runSteps } from './migration-steps.ts'
import type { MacDatabase } from './schema.ts'
import { newVersion, SQL } from './sql-language.ts'

type Step = RawBuilder<unknown> | ((locked: Kysely<MacDatabase>) => Promise<void>)

/** The triggers that draw a new version of the credentials: their names, and when they run. */
const TRIGGERS = {
  mac_credentials_updated: sql`after update on mac_credentials`,
  mac_credentials_deleted: sql`after delete on mac_credentials`,
  // If `replace` overwrites a row, SQLite does not run the trigger for deletes.
  mac_credentials_overwritten: sql`before insert on mac_credentials
    when exists (select 1 from mac_credentials where id = new.id)`,
}

export const TRIGGER_NAMES: readonly string[] = Object.keys(TRIGGERS)

/**
 * An index with all columns that a look-up of keys reads. Without it, SQLite would read whole rows: that of
 * the credential, and others on the way to it. Then the length of their scopes would change the time of a
 * response, which an attacker can measure.
 */
export const KEY_INDEX = 'mac_credentials_keys'
const INDEXED = [
  ...['id', 'algorithm', 'key', 'key_number', 'key_sealed_by'],
  ...['old_key', 'old_algorithm', 'old_sealed_by'],
]

const RANDOM = SQL.sqlite.random
const NEW_VERSION = newVersion('sqlite')

/** A statement on one line. SQLite keeps the text of `create table`, so this text must never change. */
function line(text: string): RawBuilder<unknown> {
  return sql.raw(text.replace(/\s+/g, ' '))
}

function dropTrigger(name: string): RawBuilder<unknown> {
  return sql`drop trigger if exists ${sql.ref(`mac_credentials_${name}`)}`
}

/** Columns for the life of a credential: rotation, disabling, scopes, rate limit and removal. */
const LIFE = [
  ...['disabled integer', "scopes text not null default ''"],
  ...['key_number integer not null default 1', 'key_sealed_by text', 'rotated integer'],
  ...['old_key text', 'old_algorithm text', 'old_sealed_by text', 'old_until integer'],
  ...['limit_requests integer', 'limit_seconds integer', 'remove_at integer'],
]

export const MIGRATIONS: Migrations<Step> = [
  [
    line(`create table "mac_credentials" ("id" text not null primary key, "user" text not null,
      "key" text not null, "algorithm" text not null, "label" text, "created" integer not null,
      "expires" integer, "revoked" integer, "clock_offset" integer) strict, without rowid`),
    line('create index "mac_credentials_user" on "mac_credentials" ("user", "created")'),
    line(`create table "mac_nonces" ("ts" integer not null, "credential" text not null,
      "nonce" text not null, constraint "mac_nonces_key" primary key ("ts", "credential", "nonce"))
      strict, without rowid`),
    line(`create table "mac_state" ("name" text not null primary key, "value" integer not null)
      strict, without rowid`),
    sql`insert into mac_state values ('nonce_floor', 0), ('keep_seconds', 0), ('keep_confirmed', 0)`,
  ],
  // Rows for triggers, and for an earlier guard against power cuts.
  [sql`insert into mac_state values ('credentials_version', 0), ('boot', 0), ('high_water', 0)`],
  // Drops triggers that counted changes one by one. SET_UP creates others.
  ['changed', 'removed', 'replaced'].map(dropTrigger),
  [
    ...LIFE.map((column) => sql`alter table mac_credentials add column ${sql.raw(column)}`),
    // The cleanup looks for these often, and few credentials have them.
    ...['old_until', 'remove_at'].map(
      (column) => sql`create index ${sql.ref(`mac_credentials_${column}`)} on mac_credentials
      (${sql.ref(column)}) where ${sql.ref(column)} is not null`,
    ),
    sql`create table mac_usage (credential text not null, key_number integer not null,
    used integer not null, primary key (credential, key_number)) strict, without rowid`,
    sql`create table mac_failures (credential text not null, hour integer not null,
    count integer not null, primary key (credential, hour)) strict, without rowid`,
    sql`create table mac_audit (number integer primary key not null, at integer not null,
    action text not null, credential text not null, user text not null, detail text not null)
    strict`,
    sql`create index mac_audit_credential on mac_audit (credential, number)`,
    // A server of an earlier version may still be running. It knows neither disabled credentials nor sealed
    // keys, and would accept requests that must be rejected. It needs this number under its old name, so from
    // here on it answers 503.
    ...['updated', 'deleted', 'overwritten'].map(dropTrigger),
    sql`update mac_state set name = 'credentials_mark' where name = 'credentials_version'`,
  ],
  // A journal of nonces replaces a table with one row for each nonce. Servers of earlier versions need that
  // table, so from here on they answer 503.
  [
    sql`create table mac_nonce_log (seq integer primary key not null, tag integer not null,
    latest integer not null, entries blob not null) strict`,
    sql`insert into mac_nonce_log values (1, ${RANDOM}, 0, x'')`,
    sql`insert into mac_state values ('nonce_salt', ${RANDOM}), ('halted', 0)`,
    carryNoncesOver,
    sql`drop table mac_nonces`,
    // Nonces up to this mark were written without a sync, so a power cut may have lost them.
    sql`update mac_state set value = max(value, 1 + (
      select value from mac_state where name = 'high_water'))
      where name = 'nonce_floor' and
      exists (select 1 from mac_state where name = 'boot' and value <> 0)`,
    sql`delete from mac_state where name in ('boot', 'high_water')`,
  ],
  // What the admin page reads. Servers of version 5 that are running go on: they add changes to the history
  // without an actor, and count no traffic.
  [
    sql`alter table mac_audit add column actor text`,
    // All columns that a search compares, so that a search that finds nothing reads only this index.
    sql`create index mac_credentials_search on mac_credentials
    (created, id, user, label, expires, revoked, disabled, remove_at)`,
    sql`create table mac_traffic (credential text not null, seconds integer not null,
    start integer not null, code text not null, count integer not null,
    primary key (credential, seconds, start, code)) strict, without rowid`,
    sql`create index mac_traffic_start on mac_traffic (seconds, start)`,
  ],
  // Nonces may be in Redis. A server of an earlier version would set "halted" back when it is started, and then
  // accept requests whose nonces it does not know. It does not start with this version.
  [],
]

/** The version of the tables that this code works with. */
export const SCHEMA_VERSION: number = MIGRATIONS.length

/**
 * Creates the index and the triggers. The triggers draw a new version if a credential changes or is removed,
 * so that each process notices that its cache is out of date. Triggers also run for changes by hand. A new
 * credential needs no new version, because no process has cached it.
 */
const SET_UP: readonly RawBuilder<unknown>[] = [
  ...Object.entries(TRIGGERS).map(
    ([name, when]) =>
      sql`create trigger if not exists ${sql.ref(name)} ${when} begin ${NEW_VERSION}; end`,
  ),
  // Credentials may have changed while the triggers were missing.
  NEW_VERSION,
  sql`create index if not exists ${sql.ref(KEY_INDEX)}
    on mac_credentials (${sql.join(INDEXED.map((name) => sql.ref(name)))})`,
]

/**
 * Migrates the tables to the version of this code. Each step runs once, even if many processes start at the
 * same time, because the version is read with the write lock.
 *
 * It also creates missing triggers and a missing index: they are lost if somebody rebuilds the table by hand.
 *
 * @throws Error if the tables are newer than this code.
 */
export async function migrate(db: Kysely<MacDatabase>): Promise<void> {
  if ((await schemaVersion(db)) === SCHEMA_VERSION && (await areSetUp(db))) return
  await immediately(db, async (locked) => {
    await sql`create table if not exists "mac_schema" ("version" integer not null primary key)`.execute(
      locked,
    )
    const run = async (step: Step) => {
      await (typeof step === 'function' ? step(locked) : step.execute(locked))
    }
    await runSteps(locked, await schemaVersion(locked), MIGRATIONS, run)
    for (const step of SET_UP) await step.execute(locked)
  })
}

/** Returns the version of the existing tables; 0 if there are none. */
async function schemaVersion(db: Kysely<MacDatabase>): Promise<number> {
  const tables = await sql`select name from sqlite_master where name = 'mac_schema'`.execute(db)
  if (tables.rows.length === 0) return 0
  const { rows } = await sql<{ version: number | null }>`select max(version) as version
    from mac_schema`.execute(db)
  return Number(rows[0]?.version ?? 0)
}

async function areSetUp(db: Kysely<MacDatabase>): Promise<boolean> {
  const names = [...TRIGGER_NAMES, KEY_INDEX]
  const { rows } = await sql`select name from sqlite_master
    where type in ('trigger', 'index') and name in (${sql.join(names)})`.execute(db)
  return rows.length === names.length
}

/** How many nonces are packed into one row of the journal. */
const NONCES_IN_A_ROW = 512

async function carryNoncesOver(db: Kysely<MacDatabase>): Promise<void> {
  const state = await sql<{ value: number }>`select value from mac_state
    where name = 'nonce_salt'`.execute(db)
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
      values (${RANDOM}, ${latest}, ${entries})`.execute(db)
  }
}

interface OldNonce {
  readonly ts: number
  readonly credential: string
  readonly nonce: string
}
