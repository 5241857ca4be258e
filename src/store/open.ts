import { closeSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Kysely } from 'kysely'
import type { DatabaseSource, DatabaseUrl } from './database-source.ts'
import { fileWatch } from './file-watch.ts'
import { type Guard, guard } from './guard.ts'
import { migrate } from './migrate.ts'
import type { MacDatabase } from './schema.ts'
import { SqlCredentials } from './sql-credentials.ts'
import { SqlNonces } from './sql-nonces.ts'
import type { Store } from './store.ts'

/**
 * How long SQLite itself waits for a lock, in milliseconds. It would block the thread, and with it
 * all requests: the guard waits instead.
 */
const BUSY_TIMEOUT = 0

/**
 * Opens the store: the database that a URL names, or the caller's own Kysely, which is left open
 * when the store is closed.
 *
 * @throws {@link MacError} `ERR_MAC_STORE`
 */
export async function openStore(database: DatabaseSource): Promise<Store> {
  if (!('path' in database)) {
    return storeOver(database, guard('The database'), async () => {})
  }
  const path = database.path === null ? null : resolve(database.path)
  const name = path === null ? 'The database in memory' : `The database ${path}`
  const db = await guard(name)(() => openSqlite({ path }))
  const close = () => db.destroy()
  try {
    return await storeOver(db, path === null ? guard(name) : guard(name, fileWatch(path)), close)
  } catch (error) {
    await close()
    throw error
  }
}

async function storeOver(
  db: Kysely<MacDatabase>,
  guarded: Guard,
  close: () => Promise<void>,
): Promise<Store> {
  // A plugin of the caller's would rename columns, or take a text for JSON.
  const plain = db.withoutPlugins()
  await guarded(() => migrate(plain))
  return {
    credentials: new SqlCredentials(plain, guarded),
    nonces: new SqlNonces(plain, guarded),
    close,
  }
}

async function openSqlite({ path }: DatabaseUrl): Promise<Kysely<MacDatabase>> {
  if (path !== null) createPrivately(path)
  const { Database } = bunSqlite()
  const { BunSqliteDialect } = await import('kysely-bun-sqlite')
  const database = new Database(path ?? ':memory:', { readwrite: true, create: true })
  try {
    database.run(`pragma busy_timeout = ${BUSY_TIMEOUT}`)
    database.run('pragma journal_mode = wal')
    database.run('pragma synchronous = full')
    database.run('pragma foreign_keys = on')
  } catch (error) {
    database.close()
    throw error
  }
  // The dialect prepares a statement for every query; `query` keeps them prepared.
  const caching = {
    prepare: (sql: string) => database.query(sql),
    close: () => database.close(),
  } as unknown as typeof database
  return new Kysely({ dialect: new BunSqliteDialect({ database: caching }) })
}

/** SQLite gives the files beside the database its own mode: keys are for its owner's eyes alone. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600))
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ENOENT') throw cause
    throw new Error(`there is no folder ${dirname(path)}: create it first.`, { cause })
  }
}

function bunSqlite(): typeof import('bun:sqlite') {
  const module = process.getBuiltinModule?.('bun:sqlite' as 'sqlite') as unknown
  if (module !== undefined) return module as typeof import('bun:sqlite')
  throw new Error('This runtime has no bun:sqlite: run withmac on Bun.')
}
