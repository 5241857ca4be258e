import { overDriver, type SqliteHandle, type Statement } from './sqlite-handle.ts'

interface BetterDatabase {
  prepare(sql: string): Statement & { readonly reader: boolean }
  exec(sql: string): void
  close(): void
}

type BetterSqlite3 = new (path: string) => BetterDatabase

/** Returns the class of better-sqlite3, or `null` if it is not installed. */
export async function betterSqlite3Class(): Promise<BetterSqlite3 | null> {
  // Not a literal import: the package is optional, and bundlers would fail if they do not find it.
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
 * @throws Error that says what to do, if it was not compiled for this version of Node.
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

/** The compiled part of the package is loaded here, when the first database is opened, not by the import. */
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
        'if there is no prebuilt binary, this needs Python, make and a C++ compiler.',
      { cause },
    )
  }
}
