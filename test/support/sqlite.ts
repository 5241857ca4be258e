import { type Dialect, SqliteDialect } from 'kysely'

/** A connection without the library: what `bun:sqlite` and `node:sqlite` have in common. */
export interface Connection {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): void
}

type Value = string | number | bigint | null

interface Statement {
  all(...parameters: Value[]): unknown[]
  /** Bun keeps a prepared statement, and its file open, until this call. */
  finalize?(): void
  run(...parameters: Value[]): {
    changes: number | bigint
    lastInsertRowid: number | bigint
  }
}

const onBun = process.versions.bun !== undefined

/** The SQLite class of the runtime. Node 20 has none. */
export const Database: new (path: string, options?: object) => Connection = onBun
  ? (await import('bun:sqlite')).Database
  : (process.getBuiltinModule('node:sqlite')?.DatabaseSync as new (
      path: string,
    ) => Connection)

/** The method that the library calls to run statements without rows. */
export const EXEC: 'exec' = (onBun ? 'run' : 'exec') as 'exec'

/** Opens a database file, or creates it. */
export function openDatabase(path: string): Connection {
  return new Database(path)
}

/** @returns All rows of a query, each as a list of values. */
export function rowsOf(database: Connection, sql: string): unknown[][] {
  const statement = database.prepare(sql)
  const rows = statement.all().map((row) => Object.values(row as object))
  statement.finalize?.()
  return rows
}

/** Opens a new database in memory that returns integers as bigints. */
export function databaseOfBigints(): Connection {
  return new Database(':memory:', onBun ? { safeIntegers: true } : { readBigInts: true })
}

/** @returns A Kysely dialect, as an application would have it. */
export async function applicationDialect(database: Connection): Promise<Dialect> {
  if (onBun) {
    const { BunSqliteDialect } = await import('kysely-bun-sqlite')
    return new BunSqliteDialect({ database: database as import('bun:sqlite').Database })
  }
  const prepare = (sql: string) => {
    const statement = database.prepare(sql)
    return {
      reader: /^\s*(?:select|pragma)\b|\breturning\b/i.test(sql),
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as Value[])),
      run: (parameters: readonly unknown[]) => statement.run(...(parameters as Value[])),
      iterate: (): never => {
        throw new Error('The library streams nothing.')
      },
    }
  }
  return new SqliteDialect({ database: { prepare, close: () => database.close() } })
}
