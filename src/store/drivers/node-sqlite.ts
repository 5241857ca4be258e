import { overDriver, type SqliteHandle } from './sqlite-handle.ts'

type NodeSqlite = typeof import('node:sqlite')

/** What returns rows, for versions that cannot tell a statement's columns. */
const RETURNS_ROWS = /^\s*(?:select|pragma)\b|\breturning\b/i

/** The module `node:sqlite`, or `null` where the runtime has none: Node before 22.13, and Bun. */
export function nodeSqliteModule(): NodeSqlite | null {
  const { emitWarning } = process
  // Node 22 to 24 announce with a warning, on loading it, that the module is experimental.
  // Where process is frozen the warning is shown, and nothing else happens.
  Reflect.set(process, 'emitWarning', () => {})
  try {
    return process.getBuiltinModule?.('node:sqlite') ?? null
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning)
  }
}

/** Opens a database with `node:sqlite`, on Node and Deno. */
export function openWithNode({ DatabaseSync }: NodeSqlite, path: string): SqliteHandle {
  const database = new DatabaseSync(path)
  return overDriver({
    prepare: (sql) => database.prepare(sql),
    hasRows(statement, sql) {
      const columns = statement.columns?.()
      return columns === undefined ? RETURNS_ROWS.test(sql) : columns.length > 0
    },
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  })
}
