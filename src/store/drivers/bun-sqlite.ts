import { overDriver, type SqliteHandle } from './sqlite-handle.ts'

/** Opens a database with `bun:sqlite`, for Kysely through kysely-bun-sqlite. */
export async function openWithBun(path: string): Promise<SqliteHandle> {
  const { BunSqliteDialect } = await import('kysely-bun-sqlite')
  // Not an import, because bundlers for other runtimes would fail on it.
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
      // The write-ahead log is written into the database file only when the connection is really closed. A statement that is
      // not finalized would prevent that.
      for (const statement of statements.splice(0)) statement.finalize()
      database.close()
    },
    // The dialect would prepare a statement again for each query, so it gets the prepared ones.
    dialect: (kept) => new BunSqliteDialect({ database: kept as unknown as typeof database }),
  })
}
