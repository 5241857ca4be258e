import { keepPrepared } from './prepared-statements.ts'
import type { SqliteHandle } from './sqlite-handle.ts'

/** See {@link SqliteHandle.opener}. */
const OPENER = `(path) => {
  const { Database } = process.getBuiltinModule('bun:sqlite')
  const database = new Database(path, { readwrite: true, create: false })
  const all = (sql) => {
    const statement = database.prepare(sql)
    try {
      return statement.all()
    } finally {
      statement.finalize()
    }
  }
  return { all, close: () => database.close() }
}`

/** Opens a database with `bun:sqlite`, for Kysely through kysely-bun-sqlite. */
export async function openWithBun(path: string): Promise<SqliteHandle> {
  const { Database } = builtin()
  const { BunSqliteDialect } = await import('kysely-bun-sqlite')
  const database = new Database(path, { readwrite: true, create: true })
  // Bun's own `query` keeps twenty statements prepared, which is too few.
  const statements: { finalize(): void }[] = []
  const prepare = keepPrepared((sql: string) => {
    const statement = database.prepare(sql)
    statements.push(statement)
    return statement
  })
  const close = () => {
    // The file beside the database that holds the last commits is folded into it only when the
    // connection is truly closed, which a statement that is not finalized puts off.
    for (const statement of statements.splice(0)) statement.finalize()
    database.close()
  }
  const caching = { prepare, close } as unknown as typeof database
  return {
    exec: (sql) => void database.run(sql),
    all: (sql, parameters) => prepare(sql).all(...(parameters as string[])) as Row[],
    close,
    opener: OPENER,
    dialect: new BunSqliteDialect({ database: caching }),
  }
}

type Row = Record<string, unknown>

/** Not by an import, which bundlers for other runtimes would stumble over. */
function builtin(): typeof import('bun:sqlite') {
  const module: unknown = process.getBuiltinModule('bun:sqlite' as 'sqlite')
  return module as typeof import('bun:sqlite')
}
