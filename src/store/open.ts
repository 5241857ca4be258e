import { resolve } from 'node:path'
import { Kysely } from 'kysely'
import { MacError } from '../errors.ts'
import { KyselyConnection, SqliteConnection } from './connection.ts'
import { SqlCredentials } from './credentials.ts'
import { type DatabaseSource, type DatabaseUrl, databaseLabel } from './database-url.ts'
import { type DriverChoice, openSqlite } from './drivers/choose-driver.ts'
import type { SqliteHandle } from './drivers/sqlite-handle.ts'
import { createPrivately, fileWatch, inode } from './file.ts'
import { MOST_FINGERPRINTS } from './fingerprints.ts'
import { closedError, type Guard, guard, inTime } from './guard.ts'
import { Journal } from './journal.ts'
import { LogSync, startLogThread } from './log-sync.ts'
import { migrate } from './migrations.ts'
import { reseal } from './reseal.ts'
import type { MacDatabase } from './schema.ts'
import { type KeySealer, UNSEALED } from './sealing/sealer.ts'
import { checkSealed } from './sealing/sealing-check.ts'
import type { OpenDatabase, StoreParts } from './store-parts.ts'
import type { Store } from './types.ts'
import { TrafficCounters } from './usage/traffic-counters.ts'
import { readTraffic } from './usage/traffic-table.ts'
import { UsageCounters } from './usage/usage-counters.ts'

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

/** How many requests may wait until the database is open. Attackers can send many. */
const MOST_WAITING = 10_000

/** Opens a store when it is first needed. If that fails, the next call tries again. */
export class OpenOnce {
  readonly #open: (closed: Promise<void>) => Promise<Store>
  #attempt: Promise<Store> | null = null
  #opened: Store | null = null
  #waiting = 0
  #closing: Promise<void> | null = null
  /** Tells the current attempt that the store was closed. */
  #giveUp = () => {}

  /** @param open Gets a promise that resolves if the store is closed meanwhile. Then it may fail at once. */
  constructor(open: (closed: Promise<void>) => Promise<Store>) {
    this.#open = open
  }

  /** The store, if it is open; otherwise `null`. */
  get store(): Store | null {
    return this.#opened
  }

  async get(): Promise<Store> {
    this.#checkOpen()
    this.#attempt ??= this.#open(
      new Promise((resolve) => {
        this.#giveUp = resolve
      }),
    )
    const attempt = this.#attempt
    try {
      const store = await attempt
      this.#checkOpen()
      this.#opened = store
      return store
    } catch (error) {
      if (this.#attempt === attempt) this.#attempt = null
      throw error
    }
  }

  /**
   * The same as {@link OpenOnce.get}, for a request.
   * @throws {@link MacError} `ERR_MAC_STORE` if too many requests wait already.
   */
  async getForRequest(): Promise<Store> {
    if (this.#waiting >= MOST_WAITING) {
      const why = `${MOST_WAITING} requests already wait for the database to be opened.`
      throw new MacError('ERR_MAC_STORE', why)
    }
    this.#waiting++
    try {
      return await this.get()
    } finally {
      this.#waiting--
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError()
  }

  /** Closes the store. Further calls return the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#opened = null
    this.#giveUp()
    const attempt = this.#attempt
    this.#attempt = null
    await (await attempt?.catch(() => null))?.close()
  }
}

/**
 * Opens the store: the database of a URL, or the caller's Kysely. When the store is closed, the caller's
 * Kysely stays open.
 *
 * @param sealer Seals and opens keys.
 * @param mostNonces The maximum number of nonces in memory.
 * @param traffic Where requests are counted. It may have counts from the time before the store is open.
 * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` if a sealing key is missing.
 */
export async function openStore(
  database: DatabaseSource,
  sealer: KeySealer = UNSEALED,
  mostNonces: number = MOST_FINGERPRINTS,
  traffic: TrafficCounters = new TrafficCounters(),
): Promise<Store> {
  const settings = { sealer, mostNonces, traffic }
  return 'path' in database ? openUrl(database, settings) : openKysely(database, settings)
}

interface Settings {
  readonly sealer: KeySealer
  readonly mostNonces: number
  readonly traffic: TrafficCounters
}

async function openUrl(database: DatabaseUrl, settings: Settings): Promise<Store> {
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
    const shared = { nameInErrors, path, label: databaseLabel(database), db, inTime, close }
    if (path === null) {
      // There is only one connection: nonces wait for the end of other transactions, which could roll them
      // back. No sync: memory is lost with the power in any case.
      const connection = new KyselyConnection(db)
      return await storeOf({ ...shared, connection, sync: null, watch() {} }, settings)
    }
    const watch = fileWatch(path)
    // Nonces have their own connection, so they never become part of another transaction.
    const connection = new SqliteConnection(await open())
    const file = { path, inode: inode(path) }
    const sync: OpenDatabase['sync'] = (onFailedSync) =>
      new LogSync((events) => startLogThread(file, events), onFailedSync)
    return await storeOf({ ...shared, connection, sync, watch }, settings)
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

function openKysely(own: Kysely<MacDatabase>, settings: Settings): Promise<Store> {
  // The caller's plugins could rename columns, or parse a text as JSON.
  const db = own.withoutPlugins()
  const nameInErrors = 'The database'
  const database: ClosableDatabase = {
    ...{ nameInErrors, path: null, label: databaseLabel(own), db, sync: null },
    connection: new KyselyConnection(db),
    inTime: (work) => inTime(work, nameInErrors),
    watch() {},
    async close() {},
  }
  return storeOf(database, settings)
}

interface ClosableDatabase extends OpenDatabase {
  /** Throws if the database file was deleted or replaced. */
  watch(): void
  close(): Promise<void>
}

/** Migrates the tables, checks the sealing keys, and returns the store. */
async function storeOf(
  database: ClosableDatabase,
  { sealer, mostNonces, traffic }: Settings,
): Promise<Store> {
  const { nameInErrors, path, db, inTime } = database
  let closed = false
  const check = () => {
    if (closed) throw closedError()
    database.watch()
  }
  const patient = guard(nameInErrors, path, check)
  const guarded: Guard = (work) => patient(() => inTime(work()))
  await guarded(() => migrate(db))
  await guarded(() => checkSealed(db, sealer, nameInErrors))
  const counters = new UsageCounters(traffic)
  const parts: StoreParts = { ...database, guarded, check, counters, mostNonces }
  const nonces = new Journal(parts)
  await guarded(() => nonces.open())
  return {
    credentials: new SqlCredentials(parts, sealer),
    nonces,
    traffic: (now, credential) => guarded(() => readTraffic(db, now, credential, traffic)),
    reseal: (options) => reseal({ db, sealer, guarded, patient, vacuum: path !== null }, options),
    async close() {
      await inTime(nonces.close())
      closed = true
      await database.close()
    },
  }
}
