import { readdirSync, readFileSync } from 'node:fs'
import { Client } from 'pg'
import { createClient } from 'redis'
import * as servers from '../../test/support/servers/postgres.ts'
import { startRedis as startRedisServer } from '../../test/support/servers/redis.ts'
import type { StoreServer } from '../../test/support/servers/store-server.ts'

/** A PostgreSQL or a Redis that runs for a bench. */
export interface Engine {
  readonly url: string
  /** The name and the version, for the output. */
  readonly title: string
  /** The process that the others of the engine descend from. */
  readonly pid: number
  stop(): Promise<void>
}

/** The engines of a bench, as processes can pass them to each other. */
export interface Engines {
  readonly postgres: Pick<Engine, 'url' | 'pid'>
  readonly redis: Pick<Engine, 'url' | 'pid'>
  /** Another one for the plain commands, so that the keys of one do not slow down the other. */
  readonly plainRedis: Pick<Engine, 'url' | 'pid'>
}

/** The parent of folders on a disk that the user `nobody` may enter. On many machines /tmp is in memory. */
const ON_DISK = '/var/tmp'

/** Starts a PostgreSQL with a new cluster and its default settings: it syncs, and has 128 MB of buffers. */
export async function startPostgres(): Promise<Engine> {
  process.env.TMPDIR = ON_DISK
  const server = await servers.startPostgres('fsync=on')
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const { rows } = await client.query('show server_version')
  await client.end()
  const [version] = String(rows[0].server_version).split(' ')
  return engine(`PostgreSQL ${version}`, server)
}

/** Starts a Redis that keeps nothing on disk. */
export async function startRedis(): Promise<Engine> {
  const server = await startRedisServer()
  const client = createClient({ url: server.url })
  await client.connect()
  const version = /redis_version:([\d.]+)/.exec(await client.info('server'))
  await client.close()
  return engine(`Redis ${version?.[1]}`, server)
}

function engine(title: string, server: StoreServer): Engine {
  const { url, pid } = server
  return { url, title, pid, stop: async () => server[Symbol.asyncDispose]() }
}

/**
 * Returns the seconds of processor time that an engine has used in all of its processes. PostgreSQL has one for
 * each connection, and some of its own. Those that have ended count too.
 */
export function engineCpuSeconds(pid: number): number {
  return cpuNanoseconds(pid) / 1e9
}

/** Reads nanoseconds, because /proc/PID/stat has hundredths of a second, and is rounded for each process. */
function cpuNanoseconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`)
    const own = threads.map((thread) =>
      Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]),
    )
    const children = threads.flatMap((thread) =>
      readFileSync(`${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    )
    return sum(own) + sum(children.map(cpuNanoseconds)) + endedNanoseconds(pid)
  } catch {
    // The process has ended meanwhile.
    return 0
  }
}

/** @returns The time of the children that have ended. */
function endedNanoseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 1e7
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, next) => total + next, 0)
}
