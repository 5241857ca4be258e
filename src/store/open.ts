import { resolve } from 'node:path'
import { Kysely, sql } from 'kysely'
import { Checkpoints, PAGES_AT_MOST } from './checkpoints.ts'
import { Closing } from './closing.ts'
import { KyselyConnection, SqliteConnection } from './connection.ts'
import { SqlCredentials } from './credentials.ts'
import { type DatabaseSource, databaseLabel } from './database-source.ts'
import { type DriverChoice, openSqlite } from './drivers/choose-driver.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { createPrivately, fileWatch, inode } from './file.ts'
import { MOST_FINGERPRINTS } from './fingerprints.ts'
import { guard, inTime, withDeadline } from './guard.ts'
import { Journal, type JournalParts, type SyncStarter } from './journal.ts'
import { LogSync, startLogThread } from './log-sync.ts'
import { migrate } from './migrations.ts'
import type { MacDatabase } from './schema.ts'
import { type KeySealer, UNSEALED } from './sealing/key-sealer.ts'
import { type ResealParts, reseal } from './sealing/reseal.ts'
import { checkSealed } from './sealing/sealing-check.ts'
import type { Store } from './types.ts'
import { UsageTally } from './usage/usage-tally.ts'

/**
 * SQLite's own waiting for a lock would block the thread, and with it all requests: the store waits
 * instead.
 */
const PRAGMAS = [
  'busy_timeout = 0',
  'journal_mode = wal',
  'synchronous = full',
  'foreign_keys = on',
  `wal_autocheckpoint = ${PAGES_AT_MOST}`,
]

/**
 * Opens the store: the database that a URL names, or the caller's own Kysely, which is left open
 * when the store is closed.
 *
 * @param sealer What keys are sealed and opened with.
 * @param mostNonces How many nonces are kept in memory at most.
 * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` where a sealing key is missing.
 */
export async function openStore(
  database: DatabaseSource,
  sealer: KeySealer = UNSEALED,
  mostNonces: number = MOST_FINGERPRINTS,
): Promise<Store> {
  if (!('path' in database)) return openOver(database, sealer, mostNonces)
  const path = database.path === null ? null : resolve(database.path)
  const name = path === null ? 'The database in memory' : `The database ${path}`
  const opened: SqliteHandle[] = []
  const open = async () => {
    const handle = await guard(name, path)(() => connect(path, database.driver))
    opened.push(handle)
    return handle
  }
  const close = async () => {
    for (const handle of opened.splice(0).reverse()) handle.close()
  }
  try {
    const handle = await open()
    const closing = new Closing()
    const watch = path === null ? () => {} : fileWatch(path)
    const check = () => {
      closing.check()
      watch()
    }
    const guarded = guard(name, path, check)
    const db = new Kysely<MacDatabase>({ dialect: handle.dialect })
    // Keys that were replaced or deleted are not to lie about in the file: nonces are no secret.
    if (path !== null) await guarded(async () => handle.exec('pragma secure_delete = on'))
    await guarded(() => migrate(db))
    await guarded(() => checkSealed(db, sealer, name))
    const sealed = { db, sealer, guarded, patient: guarded, vacuum: path !== null }
    const parts = {
      ...{ name, path, label: databaseLabel(database), db, guarded, check, mostNonces },
      ...{ sync: null, tally: new UsageTally(), inTime: asItIs },
    }
    if (path === null) {
      // There is one connection alone: nonces wait for the end of a transaction, lest they go with it.
      // What is in memory is gone with the machine's power in any case.
      const connection = new KyselyConnection(db)
      return await storeOf({ ...parts, connection }, sealed, closing, close)
    }
    // Nonces have a connection of their own, and so no transaction to join or to wait for.
    const writer = await open()
    const file = { path, inode: inode(path) }
    const checkpoints = new Checkpoints(writer, file)
    const connection = new SqliteConnection(writer, checkpoints)
    const sync: SyncStarter = {
      afterBatches: 16,
      start: (failed) => new LogSync((events) => startLogThread(file, events), failed),
    }
    return await storeOf({ ...parts, connection, sync }, sealed, closing, async () => {
      await checkpoints.close()
      await close()
    })
  } catch (error) {
    await close()
    throw error
  }
}

/** A connection of ours waits for nobody but other processes. */
function asItIs<Work>(work: Work): Work {
  return work
}

async function openOver(
  given: Kysely<MacDatabase>,
  sealer: KeySealer,
  mostNonces: number,
): Promise<Store> {
  // A plugin of the caller's would rename columns, or take a text for JSON.
  const db = given.withoutPlugins()
  const name = 'The database'
  const closing = new Closing()
  const patient = guard(name, null, () => closing.check())
  const guarded = withDeadline(patient, name)
  await guarded(() => migrate(db))
  await guarded(() => checkSealed(db, sealer, name))
  await guarded(() => checkReturning(db))
  const connection = new KyselyConnection(db)
  const parts: JournalParts = {
    ...{ name, path: null, label: databaseLabel(given), db, connection, guarded, sync: null },
    mostNonces,
    tally: new UsageTally(),
    inTime: (work) => inTime(work, name),
    check: () => closing.check(),
  }
  return storeOf(parts, { db, sealer, guarded, patient, vacuum: false }, closing, async () => {})
}

async function storeOf(
  parts: JournalParts,
  sealed: ResealParts,
  closing: Closing,
  close: () => Promise<void>,
): Promise<Store> {
  const nonces = new Journal(parts)
  await parts.guarded(() => nonces.open())
  return {
    credentials: new SqlCredentials(parts, sealed.sealer),
    nonces,
    reseal: (options) => reseal(sealed, options),
    async close() {
      await parts.inTime(nonces.close())
      closing.begin()
      await close()
    },
  }
}

async function connect(path: string | null, driver: DriverChoice): Promise<SqliteHandle> {
  if (path !== null) createPrivately(path)
  const handle = await openSqlite(path ?? ':memory:', driver)
  try {
    for (const pragma of PRAGMAS) handle.exec(`pragma ${pragma}`)
  } catch (error) {
    handle.close()
    throw error
  }
  return handle
}

/**
 * Some drivers for Kysely do not give the rows of RETURNING. With one of them every credential whose
 * clock is learned would look as if it were gone.
 *
 * @throws Error that says so.
 */
async function checkReturning(db: Kysely<MacDatabase>): Promise<void> {
  const { rows } = await sql`update mac_state set value = value where name = 'nonce_floor'
    returning value`.execute(db)
  if (rows.length === 1) return
  throw new Error(
    'its Kysely dialect does not give the rows of RETURNING, which withmac needs. Use SqliteDialect ' +
      'with better-sqlite3, BunSqliteDialect of kysely-bun-sqlite, or a database URL.',
  )
}
