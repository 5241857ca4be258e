import type { Dialect } from 'kysely'

/** An open SQLite database, with Kysely and past it. */
export interface SqliteHandle {
  readonly dialect: Dialect
  exec(sql: string): void
  /** Runs a statement, which is kept prepared; gives its rows, or none where it has none. */
  all(sql: string, parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  close(): void
}
