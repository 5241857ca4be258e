import { Kysely, SqliteDialect, sql } from 'kysely'
import { createMac, MacError } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import {
  applicationDialect,
  type Connection,
  databaseOfBigints,
  openDatabase,
} from '../support/sqlite.ts'

interface AppDatabase {
  readonly users: { readonly id: number; readonly name: string }
}

/** Creates an application's database, with its own table and row. */
async function appDatabase(connection: Connection = openDatabase(':memory:')) {
  const database = new Kysely<AppDatabase>({ dialect: await applicationDialect(connection) })
  await database.schema
    .createTable('users')
    .addColumn('id', 'integer')
    .addColumn('name', 'text')
    .execute()
  await database.insertInto('users').values({ id: 7, name: 'Ada' }).execute()
  return database
}

const URL = 'http://example.com/a'

test("the tables are created in the caller's database, beside its own tables", async () => {
  const database = await appDatabase()
  const mac = createMac({ database })
  const user = await database.selectFrom('users').selectAll().executeTakeFirstOrThrow()
  const ada = await mac.createCredential(user)
  expect(ada.user).toBe('7')
  const app = mac.withMac(() => new Response())
  expect(await outcome(app(signed(ada, URL)))).toBe('200')
  const tables = (await database.introspection.getTables()).map(({ name }) => name)
  const ours = tables.filter((name) => name !== 'users')
  expect(ours.length).toBeGreaterThan(0)
  for (const name of ours) expect(name).toMatch(/^mac_/)
})

test("the caller's Kysely stays open when the Mac is closed, and another Mac can use it", async () => {
  const database = await appDatabase()
  const before = createMac({ database })
  const ada = await before.createCredential('ada')
  const request = signed(ada, URL)
  const copy = new Request(request)
  expect(await outcome(before.withMac(() => new Response())(request))).toBe('200')
  await before.close()
  expect(await database.selectFrom('users').selectAll().execute()).toHaveLength(1)
  const after = createMac({ database })
  expect(await outcome(after.withMac(() => new Response())(copy))).toBe('401 ERR_MAC_REPLAY')
})

test('a Kysely that was destroyed gives a 503', async () => {
  const database = await appDatabase()
  const rejected: string[] = []
  const mac = createMac({ database, onReject: ({ code }) => rejected.push(code) })
  const ada = await mac.createCredential('ada')
  await database.destroy()
  const app = mac.withMac(() => new Response())
  expect(await outcome(app(signed(ada, URL)))).toBe('503 ERR_MAC_STORE')
  expect(rejected).toEqual(['ERR_MAC_STORE'])
})

test('a Kysely that returns integers as bigints works', async () => {
  const database = await appDatabase(databaseOfBigints())
  const mac = createMac({ database, onReject: () => {} })
  const ada = await mac.createCredential('ada')
  expect(await outcome(mac.withMac(() => new Response())(signed(ada, URL)))).toBe('200')
  expect((await mac.getCredential(ada.id))?.expires).toEqual(ada.expires)
})

test("a request is verified although the application's own transaction is running", async () => {
  const database = await appDatabase()
  const mac = createMac({ database })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response())
  const { promise, resolve } = Promise.withResolvers<void>()
  const transaction = database.transaction().execute(async (locked) => {
    await promise
    await locked.updateTable('users').set({ name: 'Eve' }).execute()
  })
  const answer = outcome(app(signed(ada, URL)))
  resolve()
  await transaction
  expect(await answer).toBe('200')
})

test('ready rejects if the tables have a newer version, and leaves no transaction open', async () => {
  const database = await appDatabase()
  await createMac({ database }).ready()
  await sql`insert into mac_schema values (99)`.execute(database)
  await expect(createMac({ database }).ready()).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  await database.transaction().execute(async (locked) => {
    await locked.updateTable('users').set({ name: 'Eve' }).execute()
  })
  expect(await database.selectFrom('users').select('name').execute()).toEqual([{ name: 'Eve' }])
})

test('a driver that ignores the rows of RETURNING works, because RETURNING is not used', async () => {
  const connection = openDatabase(':memory:')
  const prepare = (text: string) => {
    const statement = connection.prepare(text)
    return {
      reader: /^\s*(?:select|pragma)\b/i.test(text),
      all: (parameters: readonly unknown[]) => statement.all(...(parameters as string[])),
      run: (parameters: readonly unknown[]) => statement.run(...(parameters as string[])),
      iterate: (): never => {
        throw new Error('nothing is streamed')
      },
    }
  }
  const dialect = new SqliteDialect({ database: { prepare, close: () => connection.close() } })
  const database = new Kysely<AppDatabase>({ dialect })
  const mac = createMac({ database, clockOffset: { maxSeconds: 86_400 } })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response())
  const hourAgo = Math.floor(Date.now() / 1000) - 3600
  const sent = () => app(signed(ada, URL, { ts: hourAgo }))
  expect(await outcome(sent())).toBe('200')
  expect((await mac.getCredential(ada.id))?.clockOffsetSeconds).toBeGreaterThanOrEqual(3600)
  await mac.resetClockOffset(ada.id)
  expect((await mac.getCredential(ada.id))?.clockOffsetSeconds).toBeNull()
  await mac.deleteCredential(ada.id)
  await expect(mac.resetClockOffset(ada.id)).rejects.toThrow(MacError)
  await mac.close()
})

test('createMac throws for a transaction, and for a Kysely with a schema', async () => {
  const database = await appDatabase()
  expect(() => createMac({ database: database.withSchema('auth') })).toThrow(TypeError)
  await database.transaction().execute(async (transaction) => {
    expect(() => createMac({ database: transaction })).toThrow(TypeError)
  })
})

test('a call within a transaction of the same Kysely fails after ten seconds instead of hanging', async () => {
  const database = await appDatabase()
  const mac = createMac({ database, onReject: () => {} })
  await mac.ready()
  const app = mac.withMac(() => new Response())
  const carol = await mac.createCredential('carol')
  expect(await outcome(app(signed(carol, URL)))).toBe('200')
  const within = database.transaction().execute(async () => {
    // The credential is cached, because it has signed before. So its request waits only for the nonce.
    const answer = outcome(app(signed(carol, URL)))
    const creating = mac.createCredential('ada', { id: 'ada' })
    await creating.catch(() => null)
    expect(await answer).toBe('503 ERR_MAC_STORE')
    return creating
  })
  await expect(within).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  const bob = await mac.createCredential('bob')
  expect(await outcome(app(signed(bob, URL)))).toBe('200')
})
