import { overDriver, type SqliteHandle } from './sqlite-handle.ts'

type NodeSqlite = typeof import('node:sqlite')

/** Statements that return rows, for versions of Node that cannot list the columns of a statement. */
const RETURNS_ROWS = /^\s*(?:select|pragma)\b|\breturning\b/i

/** Returns the module `node:sqlite`, or `null` if the runtime has none: Node before 22.13, and Bun. */
export function nodeSqliteModule(): NodeSqlite | null {
  const { emitWarning } = process
  // When Node 22 to 24 load the module, they warn that it is experimental. Reflect.set does not throw if
  // process is frozen; then the warning is shown.
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
