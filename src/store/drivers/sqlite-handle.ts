import { type Dialect, SqliteDialect, type SqliteStatement } from 'kysely'

/** An open SQLite database, with Kysely and past it. */
export interface SqliteHandle {
  readonly dialect: Dialect
  exec(sql: string): void
  /** Runs a statement, which is kept prepared; gives its rows, or none if it has none. */
  all(sql: string, parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  close(): void
}

/** How many statements are kept prepared. The library has some dozens, and one for each length of a list in them. */
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
  /** Kysely's dialect over the statements that are kept prepared. Default: that of Kysely itself. */
  dialect?(kept: KeptStatements): Dialect
}

/** What a dialect runs statements with. */
interface KeptStatements {
  prepare(sql: string): KeptStatement
  close(): void
}

/** By `reader` Kysely knows whether there are rows, and by `columnNames` kysely-bun-sqlite does. */
interface KeptStatement extends SqliteStatement {
  readonly columnNames: readonly string[]
}

/** A handle over a library for SQLite. */
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
