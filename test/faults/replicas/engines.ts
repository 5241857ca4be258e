import { Client } from 'pg'
import { startPostgres } from '../../support/servers/postgres.ts'
import { startRedis } from '../../support/servers/redis.ts'
import type { StoreServer } from '../../support/servers/store-server.ts'
import type { Mistake } from '../mistaken-code.ts'
import type { Random } from '../random.ts'
import { POSTGRES_WITHOUT_GUARD, REDIS_WITHOUT_GUARD } from './mistakes.ts'

/** A way to kill an engine, and to start it again. */
export interface Kill {
  readonly name: string
  run(random: Random): Promise<void>
}

/** What the servers run on. */
export interface Engine extends AsyncDisposable {
  readonly database: string
  /** The URL of the Redis, or `null` if the nonces are in the database. */
  readonly nonces: string | null
  readonly kills: readonly Kill[]
}

/** A kind of engine: its settings, and what a kill may lose. */
export interface EngineKind {
  readonly name: string
  /** Whether a kill may lose nonces. The requests of a window are then rejected, so it must be short. */
  readonly loses: boolean
  readonly windowSeconds: number
  /** The guard against this loss is taken out by these mistakes. */
  readonly withoutGuard: readonly Mistake[]
  start(): Promise<Engine>
}

/** How long a window is if a kill costs one, in seconds. */
const SHORT = 4

export const ENGINES: readonly EngineKind[] = [
  {
    name: 'PostgreSQL, each commit synced',
    ...{ loses: false, windowSeconds: 120, withoutGuard: [] },
    start: () => postgres(['fsync=on', 'synchronous_commit=on']),
  },
  {
    name: 'PostgreSQL, synchronous_commit off',
    ...{ loses: true, windowSeconds: SHORT, withoutGuard: POSTGRES_WITHOUT_GUARD },
    // A slow writer loses more.
    start: () => postgres(['synchronous_commit=off', 'wal_writer_delay=10s']),
  },
  {
    name: 'Redis with an append-only file',
    ...{ loses: true, windowSeconds: SHORT, withoutGuard: [] },
    start: () => redis(['--appendonly', 'yes', '--appendfsync', 'everysec']),
  },
  {
    name: 'Redis that keeps nothing on disk',
    ...{ loses: true, windowSeconds: SHORT, withoutGuard: REDIS_WITHOUT_GUARD },
    start: () => redis([]),
  },
]

async function postgres(settings: readonly string[]): Promise<Engine> {
  const server = await startPostgres(...settings)
  return {
    ...{ database: server.url, nonces: null },
    kills: [
      { name: 'postmaster', run: (random) => restart(server, random) },
      { name: 'backend', run: (random) => killBackend(server.url, random) },
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Kills an engine, and starts it again after a moment. */
async function restart(server: StoreServer, random: Random): Promise<void> {
  await server.kill()
  await Bun.sleep(random.between(0, 300))
  await server.start()
}

/** Kills the process of one connection. PostgreSQL then ends all others, and recovers. */
async function killBackend(connectionString: string, random: Random): Promise<void> {
  const client = new Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
    if (rows.length > 0) process.kill(random.pick(rows).pid, 'SIGKILL')
  } finally {
    await client.end().catch(() => {})
  }
}

/** A Redis for the nonces, and a PostgreSQL, which is not killed, for the credentials. */
async function redis(settings: readonly string[]): Promise<Engine> {
  const [server, database] = await Promise.all([startRedis(settings), startPostgres()])
  return {
    ...{ database: database.url, nonces: server.url },
    kills: [{ name: 'Redis', run: (random) => restart(server, random) }],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}
