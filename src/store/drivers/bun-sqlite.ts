import { overDriver, type SqliteHandle } from './sqlite-handle.ts'

/** Opens a database with `bun:sqlite`, for Kysely through kysely-bun-sqlite. */
export async function openWithBun(path: string): Promise<SqliteHandle> {
  const { BunSqliteDialect } = await import('kysely-bun-sqlite')
  // Not by an import, which bundlers for other runtimes would stumble over.
  const module: unknown = process.getBuiltinModule('bun:sqlite' as 'sqlite')
  const { Database } = module as typeof import('bun:sqlite')
  const database = new Database(path, { readwrite: true, create: true })
  const statements: { finalize(): void }[] = []
  return overDriver({
    prepare(sql) {
      const statement = database.prepare(sql)
      statements.push(statement)
      return statement
    },
    hasRows: ({ columnNames }) => columnNames.length > 0,
    exec: (sql) => void database.run(sql),
    close() {
      // The file beside the database that holds the last commits is folded into it only when the
      // connection is truly closed, which a statement that is not finalized puts off.
      for (const statement of statements.splice(0)) statement.finalize()
      database.close()
    },
    // It prepares a statement anew with each query, unless it is given those that are kept.
    dialect: (kept) => new BunSqliteDialect({ database: kept as unknown as typeof database }),
  })
}
