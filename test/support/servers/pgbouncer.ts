import { chmodSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../folder.ts'
import { program } from './program.ts'
import { freePort, type StoreServer, storeServer } from './store-server.ts'

/**
 * Starts a PgBouncer in front of a PostgreSQL. After each transaction, a connection to PostgreSQL may serve another
 * client.
 */
export async function startPgBouncer(postgres: StoreServer): Promise<StoreServer> {
  const pgbouncer = program('pgbouncer', 'pgbouncer')
  const folder = temporaryFolder()
  const port = await freePort()
  const file = folder.path('pgbouncer.ini')
  const lines = [
    ...['[databases]', `* = host=127.0.0.1 port=${postgres.port} user=postgres`, '[pgbouncer]'],
    ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any'],
    ...['pool_mode = transaction', 'default_pool_size = 3', 'server_tls_sslmode = disable'],
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  // It runs as another user if root runs the tests.
  chmodSync(folder.path('.'), 0o755)
  chmodSync(file, 0o644)
  const server = await storeServer({
    ...{ url: `postgres://postgres@127.0.0.1:${port}/postgres`, port, stopSignal: 'SIGTERM' },
    ...{ command: [pgbouncer, file], asNobody: true },
  })
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop()
      folder[Symbol.dispose]()
    },
  })
}
