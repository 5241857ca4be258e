import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, spyOn, test } from '../support/runner.ts'
import { Database, EXEC, rowsOf } from '../support/sqlite.ts'

test.each([[0o000], [0o022], [0o077]])(
  'only their owner may read the database and the files beside it, with umask %d',
  async (mask) => {
    using folder = temporaryFolder()
    const before = process.umask(mask)
    try {
      const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
      await mac.createCredential('ada')
      const files = readdirSync(folder.path('.')).toSorted()
      expect(files).toEqual(['mac.db', 'mac.db-shm', 'mac.db-wal'])
      const modes = files.map((name) => statSync(folder.path(name)).mode & 0o777)
      expect(modes).toEqual([0o600, 0o600, 0o600])
      await mac.close()
    } finally {
      process.umask(before)
    }
  },
)

test('an empty file that exists is used, and keeps its mode', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  writeFileSync(path, '', { mode: 0o640 })
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.ready()
  expect(statSync(path).mode & 0o777).toBe(0o640)
  await mac.close()
})

test('if the path is a link to a file that does not exist, that file is created for its owner only', async () => {
  using folder = temporaryFolder()
  symlinkSync(folder.path('elsewhere.db'), folder.path('mac.db'))
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  await mac.ready()
  expect(statSync(folder.path('elsewhere.db')).mode & 0o777).toBe(0o600)
  await mac.close()
})

/** Returns the value of each pragma on the connection of a new Mac. */
async function pragmasOfNew(database: string, names: readonly string[]) {
  const run = spyOn(Database.prototype, EXEC)
  const mac = createMac({ database })
  try {
    await mac.ready()
    const connection = run.mock.contexts[0] as InstanceType<typeof Database>
    expect(connection).toBeInstanceOf(Database)
    return names.map((name) => rowsOf(connection, `pragma ${name}`)[0]?.[0])
  } finally {
    run.mockRestore()
    await mac.close()
  }
}

test('the connection is configured to lose nothing, and never to block the thread', async () => {
  using folder = temporaryFolder()
  const names = ['journal_mode', 'synchronous', 'fullfsync', 'foreign_keys']
  const database = `sqlite:${folder.path('mac.db')}`
  expect(await pragmasOfNew(database, names)).toEqual(['wal', 2, 1, 1])
  // SQLite's own waiting blocks the thread: 24 requests during a lock would stop all others for seconds.
  // The store itself waits, as the tests of a locked database show.
  expect(await pragmasOfNew(database, ['busy_timeout'])).toEqual([0])
})

test.each([['with space.db'], ['100%25.db'], ['ünï.db'], [':memory:.db']])(
  'the file has exactly the given name: %s',
  async (name) => {
    using folder = temporaryFolder()
    const mac = createMac({ database: `sqlite:${folder.path(name)}` })
    await mac.ready()
    expect(readdirSync(folder.path('.'))).toContain(name)
    await mac.close()
  },
)

test('a path may be relative, or absolute after //', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = createMac({ database: `sqlite:${relative(process.cwd(), path)}` })
  const ada = await mac.createCredential('ada')
  await mac.close()
  const other = createMac({ database: `SQLITE://${path}` })
  expect((await other.getCredential(ada.id))?.user).toBe('ada')
  await other.close()
})

test('a database in memory creates no file, and each Mac has its own', async () => {
  const files = readdirSync('.')
  const one = createMac({ database: 'sqlite::memory:' })
  const two = createMac({ database: 'sqlite::memory:' })
  await one.createCredential('ada')
  expect(await two.listCredentials()).toEqual([])
  expect(readdirSync('.')).toEqual(files)
  await Promise.all([one.close(), two.close()])
})

test('the file is created only when it is needed', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const mac = createMac({ database: `sqlite:${path}` })
  const app = mac.withMac(() => new Response())
  expect((await app(new Request('http://example.com/'))).status).toBe(401)
  expect(existsSync(path)).toBe(false)
  await mac.listCredentials()
  expect(existsSync(path)).toBe(true)
  await mac.close()
})
