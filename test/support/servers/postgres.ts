import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { AS_NOBODY, NOBODY } from '../as-nobody.ts'
import { temporaryFolder } from '../folder.ts'
import { program } from './program.ts'
import { freePort, type StoreServer, storeServer } from './store-server.ts'

/**
 * Starts a PostgreSQL with a new cluster in a temporary folder. Its databases sort text by the rules of English, so
 * that a column without its own order shows.
 *
 * @param settings Such as `synchronous_commit=off`. Without them it syncs nothing.
 */
export async function startPostgres(...settings: readonly string[]): Promise<StoreServer> {
  const initdb = program('initdb', 'postgresql')
  const locale = ['-E', 'UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US']
  return startOn((data) => {
    run([initdb, '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', ...locale])
  }, settings)
}

/** Starts a standby of a PostgreSQL, which follows it. */
export async function startStandby({ url }: StoreServer): Promise<StoreServer> {
  const backup = program('pg_basebackup', 'postgresql')
  return startOn((data) => {
    run([backup, '-d', url, '-D', data, '-R', '--checkpoint=fast', '--no-sync'])
  }, [])
}

/** @param prepare Makes the folder of the data. */
async function startOn(
  prepare: (data: string) => void,
  settings: readonly string[],
): Promise<StoreServer> {
  const postgres = program('postgres', 'postgresql')
  const port = await freePort()
  const folder = temporaryFolder()
  if (AS_NOBODY.length > 0) chownSync(folder.path('.'), NOBODY, NOBODY)
  const data = folder.path('data')
  prepare(data)
  const all = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', ...settings]
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const server = await storeServer({
    ...{ url, port, stopSignal: 'SIGQUIT', deathSignal: 'QUIT', asNobody: true },
    command: [postgres, '-D', data, '-p', String(port), ...all.flatMap((each) => ['-c', each])],
    ready: () => answers(url),
  })
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop()
      folder[Symbol.dispose]()
    },
  })
}

/** Waits for the first answer, because PostgreSQL accepts connections before it can answer. */
async function answers(connectionString: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new Client({ connectionString, connectionTimeoutMillis: 1000 })
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch (error) {
      if (tries === 1000) throw error
      await setTimeout(20)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/** Runs a program as the user of the server. */
function run(command: readonly string[]): void {
  const [file = '', ...args] = [...AS_NOBODY, ...command]
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' })
  if (status !== 0) throw error ?? new Error(`${file} ended with ${status}: ${stderr}`)
}
