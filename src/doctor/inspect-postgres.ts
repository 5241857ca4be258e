import { CompiledQuery } from 'kysely'
import { before } from '../deadline.ts'
import { optionalPackage } from '../optional-package.ts'
import type { KyselySource, PoolSource, PostgresUrl } from '../store/database-url.ts'
import { type Inspected, type InspectedRow, inspectedBy } from './inspect.ts'

/** A PostgreSQL that is read as it is. */
export interface InspectedPostgres {
  readonly inspected: Inspected
  /** What runs the queries, in words. */
  readonly driver: string
  /**
   * The number of the server's process, as the server said it when the connection began; `null` if it is not known.
   * If it is not that of the process that answers, then something between them pools connections.
   */
  readonly processId: number | null
}

/** How long the connection, and each query, may take, in milliseconds. */
const PATIENCE = 3000

/** The connection that pg has, and what of it is not in its types. */
interface Client {
  query(config: { text: string; values: readonly unknown[] }): Promise<{ rows: unknown[] }>
  readonly processID?: number | null
}

/**
 * Connects to PostgreSQL, or uses the caller's pool or Kysely, runs `work`, and closes what it opened.
 * @throws Error if PostgreSQL does not answer within a few seconds.
 */
export async function withPostgres<Result>(
  source: PostgresUrl | PoolSource | KyselySource,
  work: (postgres: InspectedPostgres) => Promise<Result>,
): Promise<Result> {
  if ('kysely' in source) {
    // The caller's plugins could rename columns.
    const db = source.kysely.withoutPlugins()
    const inspected = reading(async ({ text, values }) => {
      return (await db.executeQuery<InspectedRow>(CompiledQuery.raw(text, [...values]))).rows
    })
    return work({ inspected, driver: 'your own Kysely', processId: null })
  }
  if ('pool' in source) {
    const connecting = source.pool.connect()
    const client = await inTime(connecting).catch((error) => {
      // A connection that comes too late goes back into the pool.
      connecting.then((late) => late.release()).catch(() => {})
      throw error
    })
    try {
      return await work(readThrough(client as unknown as Client, 'your own Pool of pg'))
    } finally {
      client.release()
    }
  }
  const { Client } = await optionalPackage<typeof import('pg')>('pg', 'PostgreSQL')
  const client = new Client({
    connectionString: source.url,
    application_name: 'withmac',
    // A little longer than the deadline below, whose message says more.
    connectionTimeoutMillis: PATIENCE + 1000,
    query_timeout: PATIENCE + 1000,
  })
  // The query that runs fails too, so this error need not be heard.
  client.on('error', () => {})
  try {
    await inTime(client.connect())
    return await work(readThrough(client as unknown as Client, 'pg'))
  } finally {
    await close(client)
  }
}

/** Says goodbye, but does not wait long for an answer: the process should end. */
async function close(client: import('pg').Client): Promise<void> {
  await before(500, client.end(), () => new Error('late')).catch(() => {})
  const { connection } = client as unknown as { connection?: { stream?: { destroy?(): void } } }
  connection?.stream?.destroy?.()
}

function readThrough(client: Client, driver: string): InspectedPostgres {
  const inspected = reading(async (query) => (await client.query(query)).rows as InspectedRow[])
  return { inspected, driver, processId: client.processID ?? null }
}

function reading(
  run: (query: { text: string; values: readonly unknown[] }) => Promise<readonly InspectedRow[]>,
): Inspected {
  return inspectedBy('postgres', (sql, ...values) => {
    let number = 0
    const text = sql.replaceAll('?', () => `$${++number}`)
    return inTime(run({ text, values }))
  })
}

/** A pool or a Kysely of the caller may have no limit of its own. */
function inTime<Answer>(work: Promise<Answer>): Promise<Answer> {
  return before(
    PATIENCE,
    work,
    () => new Error(`it did not answer within ${PATIENCE / 1000} seconds`),
  )
}
