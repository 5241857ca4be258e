import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** How many statements are kept prepared. The library has about twenty; all of them fit. */
const KEPT = 64

/**
 * A database as Kysely's `SqliteDialect` wants it, which keeps statements prepared: the dialect
 * prepares one for every query.
 */
export function keepPrepared(
  prepare: (sql: string) => SqliteStatement,
  close: () => void,
): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>()
  return {
    close,
    prepare(sql) {
      const known = kept.get(sql)
      if (known !== undefined) return known
      const statement = prepare(sql)
      if (kept.size < KEPT) kept.set(sql, statement)
      return statement
    },
  }
}
