import { createServer, type Socket } from 'node:net'
import { connectPostgres } from '../../src/store/postgres/connect.ts'
import { expect, test } from '../support/runner.ts'

/** The messages with which a PostgreSQL accepts a connection, and is ready for a statement. */
const ACCEPTED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

/** Starts a PostgreSQL that accepts connections, and then does something when a statement comes. */
async function fakePostgres(onStatement: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.once('data', () => onStatement(socket))
      socket.write(ACCEPTED)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return { url: `postgres://app@127.0.0.1:${port}/app`, stop: () => server.close() }
}

test('a connection to PostgreSQL that is cut while it is checked fails only its statement', async () => {
  const { url, stop } = await fakePostgres((socket) => socket.destroy())
  const settings = { timeoutSeconds: 5, connections: 4, preparedStatements: true }
  const connection = await connectPostgres({ url }, settings)
  const statement = { name: 'one', text: 'select 1' }
  // An error event that nobody hears would end this process.
  await expect(connection.run('nonces', statement, [])).rejects.toThrow()
  await expect(connection.run('credentials', statement, [])).rejects.toThrow()
  await connection.close()
  stop()
})
