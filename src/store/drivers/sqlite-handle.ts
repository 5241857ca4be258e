import type { Dialect } from 'kysely'

/** An open SQLite database, with Kysely and past it. */
export interface SqliteHandle {
  readonly dialect: Dialect
  exec(sql: string): void
  /** Runs a statement, which is kept prepared; gives its rows, or none where it has none. */
  all(sql: string, parameters: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
  close(): void
  /**
   * JavaScript of a function that opens the file at a path once more, in another thread, and gives an
   * object with `all(sql)` and `close()`; `null` where it is not sure that this is done by the very
   * same copy of SQLite. Two copies in one process would undo each other's locks.
   */
  readonly opener: string | null
}
