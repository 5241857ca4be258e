import { connect, createServer } from 'node:net'
import { Pool } from 'pg'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import { inPostgres, newSchema } from '../support/postgres.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { stored } from '../support/stored.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

/** @returns The message of the error with which a store cannot be opened. */
async function failure(url: string, timeoutSeconds = 2): Promise<string> {
  const opening = openStore(databaseSource(url), { timeoutSeconds })
  const error = await opening.then(
    (store) => store.close().then(() => new Error('it was opened')),
    (thrown: Error) => thrown,
  )
  expect(error).toMatchObject({ code: 'ERR_MAC_STORE' })
  return error.message
}

const SECRET = 'not-to-be-shown'
/** The URL of the server with another user, password or database. */
const withUser = (user: string, rest = '/postgres') =>
  server.url.replace('postgres@', `${user}@`).replace(/\/postgres$/, rest)

await inPostgres(server.url, async (client) => {
  await client.query("create user reader password 'x'")
  await client.query('alter user reader set search_path to public')
  await client.query('revoke create on schema public from public')
})

test.each([
  ['a database that does not exist', withUser('postgres', '/nowhere'), 'there is no such database'],
  ['a user that does not exist', withUser(`nobody:${SECRET}`), 'does not let this user in'],
  ['a user without rights', withUser(`reader:${SECRET}`), 'lacks a right'],
  ['a host that does not exist', `postgres://a:${SECRET}@host.invalid/b`, 'no such host'],
  ['a port on which nothing listens', `postgres://a:${SECRET}@127.0.0.1:1/b`, 'nothing listens'],
  ['a schema that does not exist', `${server.url}?options=-csearch_path%3Dnone`, 'search_path'],
  ['a server without TLS', `${server.url}?sslmode=verify-full`, 'it has no encryption'],
])('%s: the error says what is wrong, and has no password', async (_, url, words) => {
  const message = await failure(url)
  const { host, pathname } = new URL(url)
  const start = `The database postgres://${host}${pathname} failed: `
  expect(message.slice(0, start.length)).toBe(start)
  expect(message).toContain(words)
  expect(message).not.toContain(SECRET)
})

test('a server that never answers is given up after the timeout', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.on('listening', resolve))
  const { port } = silent.address() as { port: number }
  expect(await failure(`postgres://127.0.0.1:${port}/b`, 0.2)).toContain('not be reached in time')
  silent.close()
})

test('tables of a newer version are refused', async () => {
  const url = await newSchema(server.url)
  await (await openStore(databaseSource(url))).close()
  await inPostgres(url, (client) => client.query('insert into mac_schema values (99)'))
  expect(await failure(url)).toContain('its tables have version 99')
})

test('a connection that the server ends is opened again, and the process goes on', async () => {
  const url = await newSchema(server.url)
  const own = new Pool({ connectionString: url })
  for (const database of [url, own]) {
    const store = await openStore(databaseSource(database))
    await store.credentials.insert(stored(typeof database))
    await inPostgres(server.url, (client) =>
      client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1',
        ['client backend'],
      ),
    )
    // The first look-up may still be sent on a connection that has ended.
    await store.credentials.lookUp('x').catch(() => {})
    const { credential } = await store.credentials.lookUp(typeof database)
    expect(credential?.id).toBe(typeof database)
    await store.close()
  }
  expect((await own.query('select 1')).rows).toHaveLength(1)
  await own.end()
})

test('a new connection that is lost while it is set up is an error, and the process goes on', async () => {
  const proxy = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1')
    for (const socket of [client, upstream]) socket.on('error', () => {})
    upstream.on('data', (answer) => client.write(answer))
    client.on('data', (sent) => {
      // The first statement is a simple query.
      if (sent[0] !== 'Q'.charCodeAt(0)) upstream.write(sent)
      else for (const socket of [client, upstream]) socket.destroy()
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as { port: number }
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  expect(await failure(url)).toContain('the connection was ended')
  proxy.close()
})

test('a look-up is given up at its deadline, and the connections are free afterwards', async () => {
  const url = await newSchema(server.url)
  const store = await openStore(databaseSource(url), { timeoutSeconds: 0.5, connections: 2 })
  await store.credentials.insert(stored('ada'))
  await inPostgres(url, async (client) => {
    await client.query('begin; lock table mac_credentials in access exclusive mode')
    const late = { code: 'ERR_MAC_STORE', message: expect.stringContaining('storeTimeoutSeconds') }
    await expect(store.credentials.lookUpKeys('ada', performance.now() + 50)).rejects.toMatchObject(
      late,
    )
    await expect(store.credentials.lookUp('ada')).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
    await client.query('rollback')
  })
  expect((await store.credentials.lookUp('ada')).credential?.id).toBe('ada')
  await store.close()
})
