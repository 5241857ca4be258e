import type { Dialect } from 'kysely'

/** An open SQLite database, before Kysely has it. */
export interface SqliteHandle {
  readonly dialect: Dialect
  exec(sql: string): void
  close(): void
}
