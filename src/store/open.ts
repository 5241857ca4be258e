import { closeSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Kysely } from 'kysely'
import type { DatabaseSource } from './database-source.ts'
import { type DriverChoice, openSqlite } from './drivers/choose-driver.ts'
import { fileWatch } from './file-watch.ts'
import { type Guard, guard, withDeadline } from './guard.ts'
import { migrate } from './migrate.ts'
import type { MacDatabase } from './schema.ts'
import { SqlCredentials } from './sql-credentials.ts'
import { SqlNonces } from './sql-nonces.ts'
import type { Store } from './store.ts'

/**
 * SQLite's own waiting for a lock would block the thread, and with it all requests: the guard waits
 * instead.
 */
const PRAGMAS = [
  'busy_timeout = 0',
  'journal_mode = wal',
  'synchronous = full',
  'foreign_keys = on',
]

/**
 * Opens the store: the database that a URL names, or the caller's own Kysely, which is left open
 * when the store is closed.
 *
 * @throws {@link MacError} `ERR_MAC_STORE`
 */
export async function openStore(database: DatabaseSource): Promise<Store> {
  if (!('path' in database)) {
    return storeOver(database, withDeadline(guard('The database')), async () => {})
  }
  const path = database.path === null ? null : resolve(database.path)
  const name = path === null ? 'The database in memory' : `The database ${path}`
  const db = await guard(name)(() => connect(path, database.driver))
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

async function connect(path: string | null, driver: DriverChoice): Promise<Kysely<MacDatabase>> {
  if (path !== null) createPrivately(path)
  const handle = await openSqlite(path ?? ':memory:', driver)
  try {
    for (const pragma of PRAGMAS) handle.exec(`pragma ${pragma}`)
  } catch (error) {
    handle.close()
    throw error
  }
  return new Kysely({ dialect: handle.dialect })
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
