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
import { Journal, type JournalParts } from './journal.ts'
import { LogSync, startLogThread } from './log-sync.ts'
import { migrate } from './migrations.ts'
import { reseal } from './reseal.ts'
import type { MacDatabase } from './schema.ts'
import { type KeySealer, UNSEALED } from './sealing/sealer.ts'
import { checkSealed } from './sealing/sealing-check.ts'
import type { Store } from './types.ts'
import { UsageCounters } from './usage/usage-counters.ts'

/**
 * SQLite's own waiting for a lock would block the thread, and with it all requests: the store waits
 * instead.
 */
const PRAGMAS = [
  'busy_timeout = 0',
  'journal_mode = wal',
  'synchronous = full',
  // On macOS a sync leaves what it wrote in the disk's own cache otherwise. Elsewhere it changes nothing.
  'fullfsync = on',
  'foreign_keys = on',
  // What was changed twice in between is written into the main file once.
  'wal_autocheckpoint = 1000',
]

/** How many requests may wait for the opening. Anybody can send some. */
const MOST_WAITING = 10_000

/** Opens a store when it is first asked for; an attempt that failed is made again at the next. */
export class OpenOnce {
  readonly #open: (closed: Promise<void>) => Promise<Store>
  #attempt: Promise<Store> | null = null
  #opened: Store | null = null
  #waiting = 0
  #closing: Promise<void> | null = null
  /** Tells the attempt that is made that nobody waits for it any more. */
  #giveUp = () => {}

  /** @param open Is given what resolves if it is closed meanwhile: then it may fail at once. */
  constructor(open: (closed: Promise<void>) => Promise<Store>) {
    this.#open = open
  }

  /** The store, once it is open and until it is closed. */
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
   * The same for a request.
   * @throws {@link MacError} `ERR_MAC_STORE` if too many wait already.
   */
  async getForRequest(): Promise<Store> {
    if (this.#waiting >= MOST_WAITING) {
      const why = `${MOST_WAITING} requests wait for the database to be opened already.`
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

  /** Closes it; whoever calls this again waits for the same end. */
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
 * Opens the store: the database that a URL names, or the caller's own Kysely, which is left open
 * when the store is closed.
 *
 * @param sealer What keys are sealed and opened with.
 * @param mostNonces How many nonces are kept in memory at most.
 * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` if a sealing key is missing.
 */
export async function openStore(
  database: DatabaseSource,
  sealer: KeySealer = UNSEALED,
  mostNonces: number = MOST_FINGERPRINTS,
): Promise<Store> {
  const given = { sealer, mostNonces }
  return 'path' in database ? openUrl(database, given) : openOver(database, given)
}

async function openUrl(database: DatabaseUrl, given: Given): Promise<Store> {
  const path = database.path === null ? null : resolve(database.path)
  const name = path === null ? 'The database in memory' : `The database ${path}`
  const opened: SqliteHandle[] = []
  const open = async (...pragmas: string[]) => {
    const handle = await guard(name, path)(() => connect(path, database.driver, pragmas))
    opened.push(handle)
    return handle
  }
  const close = async () => {
    for (const handle of opened.splice(0).reverse()) handle.close()
  }
  try {
    // Keys that were replaced or deleted are not to lie about in the file: nonces are no secret.
    const { dialect } = await open('secure_delete = on')
    const db = new Kysely<MacDatabase>({ dialect })
    // A connection of ours waits for nobody but other processes.
    const inTime: Parts['inTime'] = (work) => work
    const place = { ...given, name, path, label: databaseLabel(database), db, inTime }
    if (path === null) {
      // There is one connection alone: nonces wait for the end of a transaction, lest they go with it.
      // What is in memory is gone with the machine's power in any case.
      const connection = new KyselyConnection(db)
      return await storeOf({ ...place, connection, sync: null, watch() {}, close })
    }
    const watch = fileWatch(path)
    // Nonces have a connection of their own, and so no transaction to join or to wait for.
    const connection = new SqliteConnection(await open())
    const file = { path, inode: inode(path) }
    return await storeOf({
      ...{ ...place, connection, watch, close },
      sync: (failed) => new LogSync((events) => startLogThread(file, events), failed),
    })
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

function openOver(own: Kysely<MacDatabase>, given: Given): Promise<Store> {
  // A plugin of the caller's would rename columns, or take a text for JSON.
  const db = own.withoutPlugins()
  const name = 'The database'
  return storeOf({
    ...{ ...given, name, path: null, label: databaseLabel(own), db, sync: null },
    connection: new KyselyConnection(db),
    inTime: (work) => inTime(work, name),
    watch() {},
    async close() {},
  })
}

/** What a store is made of. */
interface Parts extends Omit<JournalParts, 'guarded' | 'check' | 'counters'> {
  readonly sealer: KeySealer
  /** Throws if the database must not be used any more. */
  watch(): void
  /** Closes the database. */
  close(): Promise<void>
}
type Given = Pick<Parts, 'sealer' | 'mostNonces'>

/** Brings the tables up to date and makes a store of them. */
async function storeOf(parts: Parts): Promise<Store> {
  const { name, path, db, sealer, inTime } = parts
  let closed = false
  const check = () => {
    if (closed) throw closedError()
    parts.watch()
  }
  const patient = guard(name, path, check)
  const guarded: Guard = (work) => patient(() => inTime(work()))
  await guarded(() => migrate(db))
  await guarded(() => checkSealed(db, sealer, name))
  const shared = { ...parts, guarded, check, counters: new UsageCounters() }
  const nonces = new Journal(shared)
  await guarded(() => nonces.open())
  return {
    credentials: new SqlCredentials(shared, sealer),
    nonces,
    reseal: (options) => reseal({ db, sealer, guarded, patient, vacuum: path !== null }, options),
    async close() {
      await inTime(nonces.close())
      closed = true
      await parts.close()
    },
  }
}
