import { type Dialect, SqliteDialect, type SqliteStatement } from 'kysely'

/** An open SQLite database, for Kysely and for direct use. */
export interface SqliteHandle {
  readonly dialect: Dialect
  exec(sql: string): void
  /** Runs a statement, and keeps it prepared. Returns its rows, or an empty list. */
  all(sql: string, parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  close(): void
}

/**
 * How many prepared statements are kept. There are some dozens, and more because of lists of different
 * lengths.
 */
const KEPT = 256

export interface Statement {
  all(...parameters: never[]): unknown[]
  run(...parameters: never[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(...parameters: never[]): IterableIterator<unknown>
}

interface Driver<Prepared extends Statement> extends Pick<SqliteHandle, 'exec' | 'close'> {
  prepare(sql: string): Prepared
  /** Whether a statement returns rows. */
  hasRows(statement: Prepared, sql: string): boolean
  /** Kysely's dialect, using the prepared statements. Default: Kysely's own SQLite dialect. */
  dialect?(kept: KeptStatements): Dialect
}

/** The database that a dialect gets: it returns statements that are already prepared. */
interface KeptStatements {
  prepare(sql: string): KeptStatement
  close(): void
}

/**
 * Kysely reads `reader` to find out whether a statement returns rows; kysely-bun-sqlite reads
 * `columnNames`.
 */
interface KeptStatement extends SqliteStatement {
  readonly columnNames: readonly string[]
}

/** Returns a handle for the database of a SQLite library. */
export function overDriver<Prepared extends Statement>(driver: Driver<Prepared>): SqliteHandle {
  const { exec, close } = driver
  const kept = new Map<string, KeptStatement>()
  const prepare = (sql: string) => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    const statement = driver.prepare(sql)
    const reader = driver.hasRows(statement, sql)
    const prepared: KeptStatement = {
      reader,
      columnNames: reader ? ['of a row'] : [],
      all: (parameters) => statement.all(...(parameters as never[])),
      run: (parameters) => statement.run(...(parameters as never[])),
      iterate: (parameters) => statement.iterate(...(parameters as never[])),
    }
    if (kept.size < KEPT) kept.set(sql, prepared)
    return prepared
  }
  return {
    exec,
    close,
    all(sql, parameters) {
      const statement = prepare(sql)
      if (statement.reader) return statement.all(parameters) as Record<string, unknown>[]
      statement.run(parameters)
      return []
    },
    dialect:
      driver.dialect?.({ prepare, close }) ?? new SqliteDialect({ database: { prepare, close } }),
  }
}
