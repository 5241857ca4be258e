import { CompiledQuery, type Kysely } from 'kysely'
import type { DatabaseUrl } from '../store/database-url.ts'
import { betterSqlite3Class } from '../store/drivers/better-sqlite3.ts'
import { type DriverChoice, openSqlite } from '../store/drivers/choose-driver.ts'
import { nodeSqliteModule } from '../store/drivers/node-sqlite.ts'
import type { SqliteHandle } from '../store/drivers/sqlite-handle.ts'
import { inTime } from '../store/guard.ts'
import { isInRedis } from '../store/nonce-switch.ts'
import type { MacDatabase, StateName } from '../store/schema.ts'

/** A database that is read as it is, without a migration. */
export interface Inspected {
  readonly language: 'sqlite' | 'postgres'
  /** Returns the rows of a query, whose parameters are written as `?`. The query must not write. */
  rows(sql: string, ...parameters: readonly unknown[]): Promise<readonly InspectedRow[]>
  /** Returns the first value of the first row. */
  value(sql: string, ...parameters: readonly unknown[]): Promise<unknown>
  /** Returns a number of the table `mac_state`, or `null` if it is missing. */
  state(name: StateName): Promise<number | null>
}

/** A row as a driver returns it. */
export type InspectedRow = Readonly<Record<string, unknown>>

/** The first schema version of SQLite in which nonces are in a journal. */
export const JOURNAL = 5

/**
 * Returns where the servers on a database keep nonces: in the database, or in Redis; `undecided` if none was ever
 * recorded.
 */
export async function noncesPlace({
  language,
  state,
  value,
}: Inspected): Promise<'database' | 'redis' | 'undecided'> {
  if (isInRedis((await state('halted')) ?? 0)) return 'redis'
  const version = Number(await value('select max(version) from mac_schema'))
  const table = language === 'sqlite' && version >= JOURNAL ? 'mac_nonce_log' : 'mac_nonces'
  const isUsed =
    ((await state('nonce_floor')) ?? 0) > 0 ||
    (await value(`select 1 from ${table} limit 1`)) !== undefined
  return isUsed ? 'database' : 'undecided'
}

/** Opens a database without a migration, runs `work`, and closes it. A missing file is created. */
export async function withInspected<Result>(
  { path, driver }: DatabaseUrl,
  work: (inspected: Inspected, handle: SqliteHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await openSqlite(path ?? ':memory:', driver)
  try {
    handle.exec('pragma busy_timeout = 2000')
    return await work(
      inspectedBy('sqlite', async (sql, ...parameters) => handle.all(sql, parameters)),
      handle,
    )
  } finally {
    handle.close()
  }
}

/** Reads the database of the caller's Kysely on SQLite. */
export function inspectedKysely(own: Kysely<MacDatabase>): Inspected {
  // The caller's plugins could rename columns.
  const db = own.withoutPlugins()
  return inspectedBy('sqlite', async (sql, ...parameters) => {
    const query = CompiledQuery.raw(sql, [...parameters])
    return (await inTime(db.executeQuery<InspectedRow>(query), 'The database')).rows
  })
}

/** @param rows Runs a query. */
export function inspectedBy(language: Inspected['language'], rows: Inspected['rows']): Inspected {
  const value: Inspected['value'] = async (sql, ...parameters) =>
    Object.values((await rows(sql, ...parameters))[0] ?? {})[0]
  return {
    language,
    rows,
    value,
    async state(name) {
      const found = await value('select value from mac_state where name = ?', name)
      return found === undefined ? null : Number(found)
    },
  }
}

/** Returns the runtime's name and version. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions
  if (bun !== undefined) return `Bun ${bun}`
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`
}

/** Returns the name of the SQLite driver that this runtime uses, or `null` if it has none. */
export async function sqliteDriver(choice: DriverChoice): Promise<string | null> {
  const { bun, deno } = process.versions
  if (choice === 'own') {
    if (bun !== undefined) return 'bun:sqlite'
    if (nodeSqliteModule() !== null) return 'node:sqlite'
  }
  if (bun !== undefined || deno !== undefined) return null
  return (await betterSqlite3Class()) === null ? null : 'better-sqlite3'
}
