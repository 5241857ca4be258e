import { before } from '../deadline.ts'
import { MacError } from '../errors.ts'
import { SqlCredentials } from './credentials.ts'
import { type DatabaseSource, isSqlite } from './database-url.ts'
import { closedError, type Guard, guard, lateError } from './guard.ts'
import { reseal } from './reseal.ts'
import { checkSealed } from './sealing/sealing-check.ts'
import type { EngineDatabase, NonceEngine, StoreParts } from './store-parts.ts'
import { DEFAULT_SETTINGS, type StoreSettings } from './store-settings.ts'
import type { Deadline, Store } from './types.ts'
import { TrafficCounters } from './usage/traffic-counters.ts'
import { readTraffic } from './usage/traffic-table.ts'
import { UsageCounters } from './usage/usage-counters.ts'

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
  async getForRequest(deadline: Deadline | undefined): Promise<Store> {
    if (this.#waiting >= MOST_WAITING) {
      const why = `${MOST_WAITING} requests already wait for the database to be opened.`
      throw new MacError('ERR_MAC_STORE', why)
    }
    this.#waiting++
    try {
      const opening = this.get()
      if (deadline === undefined) return await opening
      return await before(deadline - performance.now(), opening, () => lateError('The database'))
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
 * Opens the store. When it is closed, the caller's Kysely, pool or client stays open.
 *
 * @throws {@link MacError} `ERR_MAC_STORE`; `ERR_MAC_SEALED` if a sealing key is missing.
 * @throws TypeError that says what to install, if a package is missing.
 */
export async function openStore(
  source: DatabaseSource,
  given: Partial<StoreSettings> = {},
): Promise<Store> {
  const settings = { ...DEFAULT_SETTINGS, traffic: new TrafficCounters(), ...given }
  return storeOf(await openDatabase(source, settings), settings)
}

/** Opens the database of credentials. Each engine is loaded when it is used. */
async function openDatabase(
  source: DatabaseSource,
  settings: StoreSettings,
): Promise<EngineDatabase> {
  if (isSqlite(source)) {
    const { openSqliteDatabase } = await import('./sqlite-database.ts')
    return openSqliteDatabase(source)
  }
  const { openPostgres } = await import('./postgres/open-postgres.ts')
  return openPostgres(source, settings)
}

/** Migrates the tables, checks the sealing keys, and returns the store. */
async function storeOf(database: EngineDatabase, settings: StoreSettings): Promise<Store> {
  const { nameInErrors, path, db, language, inTime } = database
  const { sealer, traffic, mostNonces, keepSeconds } = settings
  let closed = false
  let nonces: NonceEngine | null = null
  const check = () => {
    if (closed) throw closedError()
    database.watch()
  }
  const patient = guard(nameInErrors, path, check)
  const guarded: Guard = (work) => patient(() => inTime(work()))
  try {
    await guarded(() => database.migrate())
    await guarded(() => checkSealed(db, sealer, nameInErrors))
    const counters = new UsageCounters(traffic)
    const settled = async () => nonces?.settled?.()
    const limits = { mostNonces, keepSeconds }
    const parts: StoreParts = { ...database, ...limits, guarded, check, counters, settled }
    nonces = await openNonces(database, parts, settings)
    const credentials = new SqlCredentials(parts, sealer)
    const opened = nonces
    return {
      credentials,
      nonces,
      async traffic(now, credential) {
        await settled()
        return guarded(() => readTraffic(db, now, credential, traffic))
      },
      reseal: (options) =>
        reseal({ db, language, sealer, guarded, patient, vacuum: path !== null }, options),
      async close() {
        await inTime(opened.close())
        closed = true
        await database.close()
      },
    }
  } catch (error) {
    await nonces?.close().catch(() => {})
    await database.close()
    throw error
  }
}

/** Opens the store of nonces: the database itself, or Redis. */
async function openNonces(
  database: EngineDatabase,
  parts: StoreParts,
  settings: StoreSettings,
): Promise<NonceEngine> {
  if (settings.onlyCredentials) return NO_NONCES
  if (settings.nonces === null) return database.openNonces(parts)
  const { openRedisNonces } = await import('./redis/open-redis.ts')
  return openRedisNonces(settings.nonces, parts, settings)
}

const notOpened = async (): Promise<never> => {
  throw new MacError('ERR_MAC_STORE', 'The store of nonces was not opened.')
}

/** What a store has that was opened only for its credentials. */
const NO_NONCES: NonceEngine = {
  record: notOpened,
  isKnown: () => false,
  countFailure() {},
  prune: notOpened,
  async close() {},
}
