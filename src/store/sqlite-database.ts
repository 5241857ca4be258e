import { resolve } from 'node:path'
import { type CompiledQuery, Kysely } from 'kysely'
import { onWorkers } from '../environment.ts'
import { MacError } from '../errors.ts'
import { immediately, KyselyConnection, SqliteConnection } from './connection.ts'
import { type DatabaseUrl, databaseLabel, type KyselySource } from './database-url.ts'
import { type DriverChoice, openSqlite } from './drivers/choose-driver.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { createPrivately, fileWatch, inode } from './file.ts'
import { guard, inTime } from './guard.ts'
import { Journal } from './journal.ts'
import { LogSync, startLogThread } from './log-sync.ts'
import { KEY_INDEX, migrate } from './migrations.ts'
import type { MacDatabase, Row } from './schema.ts'
import type { EngineDatabase, OpenDatabase } from './store-parts.ts'

/**
 * The settings of each connection. SQLite itself must not wait for a lock, because that would block the
 * thread and all requests; the store waits instead.
 */
const PRAGMAS = [
  'busy_timeout = 0',
  'journal_mode = wal',
  'synchronous = full',
  // Otherwise, on macOS, synced data may still be only in the disk's own cache. No effect elsewhere.
  'fullfsync = on',
  'foreign_keys = on',
  // A page that changes several times between two checkpoints is written into the main file once.
  'wal_autocheckpoint = 1000',
]

const NO_SQLITE =
  'Cloudflare Workers have no SQLite file. Give database a pool of pg, or a Kysely on PostgreSQL, and create the ' +
  'Mac for each request, because another request cannot use its connections.'

/** Opens a SQLite file, a database in memory, or the caller's Kysely on SQLite. */
export async function openSqliteDatabase(
  source: DatabaseUrl | KyselySource,
): Promise<EngineDatabase> {
  return 'path' in source ? openUrl(source) : openKysely(source)
}

async function openUrl(database: DatabaseUrl): Promise<EngineDatabase> {
  if (onWorkers()) throw new MacError('ERR_MAC_STORE', NO_SQLITE)
  const path = database.path === null ? null : resolve(database.path)
  const nameInErrors = path === null ? 'The database in memory' : `The database ${path}`
  const opened: SqliteHandle[] = []
  const open = async (...pragmas: string[]) => {
    const handle = await guard(nameInErrors, path)(() => connect(path, database.driver, pragmas))
    opened.push(handle)
    return handle
  }
  const close = async () => {
    for (const handle of opened.splice(0).reverse()) handle.close()
  }
  try {
    // Keys that were removed must not stay in the file. Nonces are not secret.
    const { dialect } = await open('secure_delete = on')
    const db = new Kysely<MacDatabase>({ dialect })
    // No caller can have a transaction on this connection, so the work cannot wait for itself.
    const inTime: OpenDatabase['inTime'] = (work) => work
    const label = databaseLabel(database)
    const shared = { ...sqliteEngine(db), nameInErrors, path, label, db, inTime, close }
    if (path === null) {
      // There is only one connection: nonces wait for the end of other transactions, which could roll them
      // back. No sync: memory is lost with the power in any case.
      const connection = new KyselyConnection(db, immediately)
      return { ...shared, connection, sync: null, watch() {} }
    }
    const watch = fileWatch(path)
    // Nonces have their own connection, so they never become part of another transaction.
    const connection = new SqliteConnection(await open())
    const file = { path, inode: inode(path) }
    const sync: OpenDatabase['sync'] = (onFailedSync) =>
      new LogSync((events) => startLogThread(file, events), onFailedSync)
    return { ...shared, connection, sync, watch }
  } catch (error) {
    await close()
    throw error
  }
}

async function connect(
  path: string | null,
  driver: DriverChoice,
  pragmas: readonly string[],
): Promise<SqliteHandle> {
  if (path !== null) createPrivately(path)
  const handle = await openSqlite(path ?? ':memory:', driver)
  try {
    for (const pragma of [...PRAGMAS, ...pragmas]) handle.exec(`pragma ${pragma}`)
  } catch (error) {
    handle.close()
    throw error
  }
  return handle
}

function openKysely(source: KyselySource): EngineDatabase {
  // The caller's plugins could rename columns, or parse a text as JSON.
  const db = source.kysely.withoutPlugins()
  const nameInErrors = 'The database'
  return {
    ...sqliteEngine(db),
    ...{ nameInErrors, path: null, label: databaseLabel(source), db, sync: null },
    connection: new KyselyConnection(db, immediately),
    inTime: (work) => inTime(work, nameInErrors),
    watch() {},
    async close() {},
  }
}

/** What every SQLite database does in the same way. */
function sqliteEngine(
  db: Kysely<MacDatabase>,
): Pick<EngineDatabase, 'language' | 'timeout' | 'lookUp' | 'migrate' | 'openNonces'> {
  return {
    ...{ language: 'sqlite', timeout: null },
    lookUp: async (_, query) =>
      (await db.executeQuery<Row>(query as CompiledQuery<Row>).catch(notFound)).rows,
    migrate: () => migrate(db),
    async openNonces(parts) {
      const journal = new Journal(parts)
      await parts.guarded(() => journal.open())
      return journal
    },
  }
}

/**
 * Explains the error if a look-up failed because the index is missing. A look-up without the index would
 * show by its time which identifiers exist.
 */
function notFound(error: unknown): never {
  if (!(error instanceof Error && error.message.includes(`no such index: ${KEY_INDEX}`)))
    throw error
  const why =
    `its table mac_credentials lacks the index ${KEY_INDEX}, because it was rebuilt by hand. Restart all ` +
    'servers: a server that opens the database creates the index and the triggers again.'
  throw new Error(why, { cause: error })
}
