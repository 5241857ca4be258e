import { createServer, type Socket } from 'node:net'
import { createClient } from 'redis'
import { createMacFetch } from '../../src/client/index.ts'
import { databaseFindings } from '../../src/doctor/database.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { createMac } from '../../src/index.ts'
import { parseDatabaseUrl } from '../../src/store/database-url.ts'
import { nonceSource } from '../../src/store/nonce-source.ts'
import { withmac } from '../cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { afterAll, expect, test } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

async function send(...command: string[]): Promise<unknown> {
  const client = createClient({ url: server.url })
  client.on('error', () => {})
  await client.connect()
  const answer = await client.sendCommand(command)
  client.destroy()
  return answer
}

const MEMORY = parseDatabaseUrl('sqlite::memory:')

async function redisFindings(nonces: unknown, keyPrefix: string): Promise<Finding[]> {
  const source = { ...nonceSource(nonces), keyPrefix }
  const found = await databaseFindings(MEMORY, { nonces: source })
  return found.filter(({ subject }) => subject !== 'runtime' && subject !== 'file')
}

function subjects(found: readonly Finding[]): string[] {
  return found
    .filter(({ subject }) => subject !== 'round trip')
    .map(({ state, subject }) => `${state} ${subject}`)
}

const NEW = [
  ...['good redis', 'good redis primary', 'good redis eviction', 'note redis memory'],
  ...['good redis persistence', 'note state', 'good clocks'],
]

test('finds no problem in a new Redis, through a URL or your own client, and writes nothing', async () => {
  expect(subjects(await redisFindings(server.url, 'doctor1'))).toEqual(NEW)
  const client = createClient({ url: server.url })
  client.on('error', () => {})
  await client.connect()
  expect(subjects(await redisFindings(client, 'doctor1'))).toEqual(NEW)
  expect(await client.ping()).toBe('PONG')
  client.destroy()
  expect(await send('KEYS', 'doctor1*')).toEqual([])
})

test('says that every request is rejected if Redis may evict keys, or is full', async () => {
  await send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  await send('CONFIG', 'SET', 'maxmemory', '1200000')
  const found = await redisFindings(server.url, 'doctor2')
  await send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await send('CONFIG', 'SET', 'maxmemory', '0')
  expect(subjects(found)).toContain('bad redis eviction')
  expect(found.find(({ subject }) => subject === 'redis eviction')?.text).toContain('allkeys-lru')
  expect(found.find(({ subject }) => subject === 'redis memory')?.text).toContain('of 1.2 MB used')
})

test('counts nonces without a search, and says that prune and admin need the same nonces', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database, nonces: server.url })
  const credential = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response('ok'))
  const signed = createMacFetch(credential, {
    fetch: async (input, init) => app(new Request(input, init)),
  })
  expect((await signed('http://localhost/')).status).toBe(200)
  await mac.close()
  const found = await redisFindings(server.url, 'withmac')
  expect(found.find(({ subject }) => subject === 'state')?.text).toMatch(/^1 stored in Redis/)
  const running = { cwd: folder.path('.') }
  for (const command of ['prune', 'admin']) {
    const { err, status } = await withmac([command, '--json'], running)
    expect(JSON.parse(err).error).toMatchObject({
      code: 'ERR_CLI_NONCES',
      message: expect.stringContaining('keep nonces in Redis: give its URL as they have it'),
    })
    expect(status).toBe(3)
  }
  // Commands on credentials need no Redis.
  const env = { MAC_NONCES_URL: 'redis://127.0.0.1:1' }
  expect((await withmac(['list'], { ...running, env })).status).toBe(0)
  const pruned = await withmac(['prune', '--nonces', server.url], running)
  expect([pruned.out, pruned.status]).toEqual(['removed 0 nonces older than 300 seconds\n', 0])
  const doctor = await withmac(['doctor'], running)
  expect(doctor.out).toContain('the servers keep nonces in Redis, which was not checked')
  expect((await withmac(['doctor', '--nonces', server.url], running)).out).toContain(
    '1 stored in Redis',
  )
})

test('a Redis that never answers, or is not there, is a finding without the password', async () => {
  const open: Socket[] = []
  const silent = createServer((socket) => void open.push(socket)).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  for (const at of [port, 1]) {
    const found = await redisFindings(`redis://u:very-secret@127.0.0.1:${at}`, 'a')
    expect(subjects(found)).toEqual(['bad redis'])
    expect(JSON.stringify(found)).not.toContain('secret')
  }
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})
