import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { before } from '../../deadline.ts'
import { optionalPackage } from '../../optional-package.ts'
import type { KyselySource, PoolSource, PostgresUrl } from '../database-url.ts'
import { lateError } from '../guard.ts'
import type { MacDatabase, Row } from '../schema.ts'
import type { StoreSettings } from '../store-settings.ts'
import { checkServer, SERVER } from './server-check.ts'

/** A statement that runs often. Each text has a name of its own, under which the server keeps its plan. */
export interface Statement {
  readonly name: string
  readonly text: string
  /** Throws if the rows show that their connection must not be used again. Then it is closed. */
  readonly check?: (rows: readonly Row[]) => void
}

/** What runs the statements of a store. */
export interface PostgresConnection {
  /** For everything that does not run often. */
  readonly db: Kysely<MacDatabase>
  /**
   * Runs a statement on the connections for nonces, or on those for credentials, so that a flood of look-ups
   * cannot delay nonces. Rows are as the driver returns them.
   */
  run(
    lane: 'nonces' | 'credentials',
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]>
  /** Closes the connections that withmac opened. */
  close(): Promise<void>
}

/** What withmac needs of a pool of pg. */
interface Pool {
  connect(): Promise<Client>
  end(): Promise<void>
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
}

interface Client {
  query(config: QueryConfig): Promise<{ readonly rows: Row[] }>
  /** `I` if no transaction is open. Earlier versions of pg lack it. */
  getTransactionStatus?(): string | null
  /** With an error, the connection is closed. */
  release(error?: unknown): void
  on(event: 'error', listener: () => void): unknown
  removeListener(event: 'error', listener: () => void): unknown
}

interface QueryConfig {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
  readonly query_timeout?: number
}

type Settings = Pick<StoreSettings, 'timeoutSeconds' | 'connections' | 'preparedStatements'>

/** The SQLSTATE code of a key that is there already. */
const UNIQUE_VIOLATION = '23505'

/** The maximum number of connections for nonces: so many batches are in flight. */
const MOST_FOR_NONCES = 4
/** How long a statement may take that does not run for a request, in milliseconds. */
const WORK_TIMEOUT = 10_000
/** After this time without a statement, a connection is closed. */
const IDLE_TIMEOUT = 60_000

/** Opens the connections to a URL, or uses the caller's pool or Kysely. Nothing is sent yet. */
export async function connectPostgres(
  source: PostgresUrl | PoolSource | KyselySource,
  settings: Settings,
): Promise<PostgresConnection> {
  if ('kysely' in source) return overKysely(source)
  if ('pool' in source) {
    const pool = source.pool as unknown as Pool
    // Otherwise the process would end if PostgreSQL closes an idle connection.
    const ignored = () => {}
    pool.on('error', ignored)
    const close = async () => {
      pool.removeListener('error', ignored)
    }
    return overPools({ nonces: pool, credentials: pool }, close, settings)
  }
  const { url } = source
  const forNonces = Math.min(MOST_FOR_NONCES, settings.connections >> 1)
  const nonces = await openPool(url, forNonces, settings)
  const credentials = await openPool(url, settings.connections - forNonces, settings)
  let closing: Promise<unknown> | null = null
  const close = async () => {
    // A pool can be ended only once. It waits for its clients, and for ever if connecting has thrown an error.
    closing ??= before(WORK_TIMEOUT, Promise.all([nonces.end(), credentials.end()]), () =>
      lateError('PostgreSQL'),
    ).catch(() => {})
    await closing
  }
  return overPools({ nonces, credentials }, close, settings)
}

/**
 * @throws TypeError if the package pg is not installed.
 */
async function openPool(
  connectionString: string,
  max: number,
  { timeoutSeconds, preparedStatements }: Settings,
): Promise<Pool> {
  const { Pool } = await optionalPackage<typeof import('pg')>('pg', 'PostgreSQL')
  const pool = new Pool({
    ...{ connectionString, max, application_name: 'withmac' },
    ...{ keepAlive: true, allowExitOnIdle: true, idleTimeoutMillis: IDLE_TIMEOUT },
    connectionTimeoutMillis: timeoutSeconds * 1000,
    async verify(client, done) {
      const config = {
        query_timeout: timeoutSeconds * 1000,
        text: preparedStatements ? SET_UP : SERVER,
      }
      try {
        // A text of several statements has several results.
        const last = [await client.query(config)].flat().at(-1)
        checkServer(last?.rows ?? [])
      } catch (error) {
        return done(error as Error)
      }
      done()
    },
  })
  // A connection that is lost is opened again, with the next statement.
  pool.on('error', () => {})
  // While `verify` runs, pg-pool does not listen: an error without a listener would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool as unknown as Pool
}

/**
 * Runs on each new connection. It sets the isolation that the nonces need. Without prepared statements there
 * may be PgBouncer between, with which settings would reach other clients.
 */
const SET_UP = `set session characteristics as transaction isolation level read committed; ${SERVER}`

function overPools(
  pools: Readonly<Record<'nonces' | 'credentials', Pool>>,
  close: () => Promise<void>,
  { timeoutSeconds, preparedStatements }: Settings,
): PostgresConnection {
  const query_timeout = timeoutSeconds * 1000
  const db = new Kysely<MacDatabase>({
    dialect: new PostgresDialect({ pool: poolForKysely(pools.credentials) }),
  })
  return {
    ...{ db, close },
    async run(lane, { name, text, check }, values) {
      const config = { ...(preparedStatements && { name }), text, values, query_timeout }
      const client = await checkOut(pools[lane])
      try {
        const { rows } = await client.query(config)
        client.attempt(() => {
          check?.(rows)
          client.refuseTransaction()
        })
        return rows
      } finally {
        client.release()
      }
    },
  }
}

/**
 * A client of a pool. If one of its statements fails, its connection is closed when it is released, unless only a row
 * was there already, which copies of requests cause.
 */
interface CheckedOut {
  query(config: QueryConfig): Promise<{ readonly rows: Row[] }>
  /** Runs a check. If it throws, the connection is closed too. */
  attempt(check: () => void): void
  /** @throws Error if a transaction is open: what a statement has written is not committed. */
  refuseTransaction(): void
  release(): void
}

/** What another part of the application wrote in such a transaction is lost too. */
const OPEN_TRANSACTION =
  'another part of the application has left a transaction open on a connection of its pool, which was closed now. ' +
  'Each client must commit or roll back before its release'

/** Whether a transaction is open. Its user may roll it back later, and nonces with it. */
function isInTransaction(client: Client): boolean {
  const status = client.getTransactionStatus?.() ?? 'I'
  return status !== 'I'
}

async function checkOut(pool: Pool): Promise<CheckedOut> {
  const client = await pool.connect()
  if (isInTransaction(client)) {
    const error = new Error(OPEN_TRANSACTION)
    client.release(error)
    throw error
  }
  let failure: unknown
  // The statement that runs fails too, so this error need not be heard.
  const ignored = () => {}
  client.on('error', ignored)
  const failed = (error: unknown): never => {
    failure ??= error
    throw error
  }
  return {
    async query(config) {
      // After a timeout, the next statement would wait for the one that hangs.
      if (failure !== undefined && !isAnswer(failure)) throw failure
      return client.query(config).catch(failed)
    },
    attempt(check) {
      try {
        check()
      } catch (error) {
        failed(error)
      }
    },
    refuseTransaction() {
      if (isInTransaction(client)) throw new Error(OPEN_TRANSACTION)
    },
    release() {
      client.removeListener('error', ignored)
      client.release(isDuplicate(failure) ? undefined : failure)
    },
  }
}

/** Whether the server has refused a row because its key is there already. The statement was rolled back for certain. */
export function isDuplicate(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === UNIQUE_VIOLATION
}

/** Whether an error is an answer of the server, which has a SQLSTATE code. */
function isAnswer(error: unknown): boolean {
  const { code, severity } = (error ?? {}) as Record<string, unknown>
  return typeof severity === 'string' && typeof code === 'string'
}

/** Kysely knows no timeout, and would use a connection again after it failed. */
function poolForKysely(pool: Pool): ConstructorParameters<typeof PostgresDialect>[0]['pool'] {
  return {
    async connect() {
      const client = await checkOut(pool)
      const query = async (text: string, values: readonly unknown[]) => {
        // It may take long to rewrite a table.
        const isLong = text.startsWith('vacuum')
        return client.query({
          ...{ text, values },
          ...(!isLong && { query_timeout: WORK_TIMEOUT }),
        })
      }
      return { query, release: client.release } as never
    },
    async end() {},
  }
}

/** Runs everything through the caller's Kysely, unnamed. */
function overKysely({ kysely }: KyselySource): PostgresConnection {
  // The caller's plugins could rename columns, or parse a text as JSON.
  const db = kysely.withoutPlugins()
  return {
    db,
    async run(_, { text, check }, values) {
      const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(text, [...values]))
      check?.(rows)
      return rows
    },
    async close() {},
  }
}
