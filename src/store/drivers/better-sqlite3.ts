import { overDriver, type SqliteHandle, type Statement } from './sqlite-handle.ts'

interface BetterDatabase {
  prepare(sql: string): Statement & { readonly reader: boolean }
  exec(sql: string): void
  close(): void
}

type BetterSqlite3 = new (path: string) => BetterDatabase

/** The class of better-sqlite3, or `null` where it is not installed. */
export async function betterSqlite3Class(): Promise<BetterSqlite3 | null> {
  // Not a literal import: it is optional, and bundlers would want to find it.
  const name = 'better-sqlite3'
  try {
    const module: { default: BetterSqlite3 } = await import(/* @vite-ignore */ name)
    return module.default
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return null
    throw error
  }
}

/**
 * Opens a database with better-sqlite3.
 *
 * @throws Error that says what to do, where it was installed and not compiled for this Node.
 */
export function openWithBetterSqlite3(Database: BetterSqlite3, path: string): SqliteHandle {
  const database = construct(Database, path)
  return overDriver({
    prepare: (sql) => database.prepare(sql),
    hasRows: ({ reader }) => reader,
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  })
}

/** What is compiled is looked for when the first database is opened, not by the import. */
function construct(Database: BetterSqlite3, path: string): BetterDatabase {
  try {
    return new Database(path)
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message?: unknown }
    const compiledForAnother = code === 'ERR_DLOPEN_FAILED'
    if (!compiledForAnother && !String(message).startsWith('Could not locate the bindings file')) {
      throw cause
    }
    throw new Error(
      `better-sqlite3 is installed, but not compiled for Node ${process.versions.node}: ` +
        'run "npm rebuild better-sqlite3" with this Node and with install scripts allowed; ' +
        'where no binary is ready-made, it takes Python, make and a C++ compiler.',
      { cause },
    )
  }
}
