import { SqliteDialect, type SqliteStatement } from 'kysely'
import { keepPrepared } from './prepared-statements.ts'
import type { SqliteHandle } from './sqlite-handle.ts'

/** A handle over a driver whose statements are as Kysely's own `SqliteDialect` wants them. */
export function overStatements(
  prepareAnew: (sql: string) => SqliteStatement,
  { exec, close, opener }: Pick<SqliteHandle, 'exec' | 'close' | 'opener'>,
): SqliteHandle {
  const prepare = keepPrepared(prepareAnew)
  return {
    exec,
    close,
    opener,
    all(sql, parameters) {
      const statement = prepare(sql)
      if (statement.reader) return statement.all(parameters) as Record<string, unknown>[]
      statement.run(parameters)
      return []
    },
    dialect: new SqliteDialect({ database: { prepare, close } }),
  }
}
