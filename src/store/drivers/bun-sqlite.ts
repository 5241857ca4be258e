import type { SqliteHandle } from './sqlite-handle.ts'

/** Opens a database with `bun:sqlite`, for Kysely through kysely-bun-sqlite. */
export async function openWithBun(path: string): Promise<SqliteHandle> {
  const { Database } = builtin()
  const { BunSqliteDialect } = await import('kysely-bun-sqlite')
  const database = new Database(path, { readwrite: true, create: true })
  // The dialect prepares a statement for every query; `query` keeps them prepared.
  const caching = {
    prepare: (sql: string) => database.query(sql),
    close: () => database.close(),
  } as unknown as typeof database
  return {
    exec: (sql) => void database.run(sql),
    close: caching.close,
    dialect: new BunSqliteDialect({ database: caching }),
  }
}

/** Not by an import, which bundlers for other runtimes would stumble over. */
function builtin(): typeof import('bun:sqlite') {
  const module: unknown = process.getBuiltinModule('bun:sqlite' as 'sqlite')
  return module as typeof import('bun:sqlite')
}
