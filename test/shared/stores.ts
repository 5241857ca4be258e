import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Pool } from 'pg'
import { temporaryFolder } from '../support/folder.ts'
import { program } from './programs.ts'
import { freePort, type StoreServer, storeServer } from './server.ts'

/** The user and group `nobody` of Debian. PostgreSQL does not run as root. */
const NOBODY = 65_534

/** Starts a Redis that keeps nothing on disk. */
export async function startRedis(): Promise<StoreServer> {
  const redis = program('redis-server', 'redis-server')
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  return storeServer(`redis://127.0.0.1:${port}`, port, [redis, ...args], async () => {})
}

/**
 * Starts a PostgreSQL with a new cluster in a temporary folder.
 * @param more Further settings of the server, such as `fsync=on`.
 */
export async function startPostgres(...more: readonly string[]): Promise<StoreServer> {
  const postgres = program('postgres', 'postgresql')
  const initdb = program('initdb', 'postgresql')
  const port = await freePort()
  const folder = temporaryFolder()
  const root = process.getuid?.() === 0
  const before = root ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []
  if (root) chownSync(folder.path('.'), NOBODY, NOBODY)
  const data = folder.path('data')
  run([...before, initdb, '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'])
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...more]
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const command = [...before, postgres, ...args] as [string, ...string[]]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const server = await storeServer(url, port, command, () => answers(url))
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.stop()
      folder[Symbol.dispose]()
    },
  }
}

/** Waits for the first answer, because PostgreSQL accepts connections before it can answer. */
async function answers(connectionString: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const pool = new Pool({ connectionString, connectionTimeoutMillis: 1000 })
    try {
      await pool.query('select 1')
      return
    } catch (error) {
      if (tries === 100) throw error
      await setTimeout(100)
    } finally {
      await pool.end()
    }
  }
}

function run(command: readonly string[]): void {
  const [file = '', ...args] = command
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' })
  if (status !== 0) throw error ?? new Error(`${file} ended with ${status}: ${stderr}`)
}
