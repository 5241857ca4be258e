import { Kysely, sql } from 'kysely'
import { databaseSource } from '../../src/store/database-url.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/types.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, spyOn, test } from '../support/runner.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'
import { stored } from '../support/stored.ts'
import { countUsageWrites, usageWrites } from '../support/usage-writes.ts'
import { withDatabase } from '../support/with-database.ts'

const NOW = 1_700_000_000
let count = 0

function record({ nonces }: Store, now: number, credential = 'ada', nonce = `n${count++}`) {
  return nonces.record({ timestamp: NOW, credential, keyNumber: 1, nonce, now })
}

/** Opens a store on a file, with two credentials. */
async function opened() {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  const open = () => openStore({ path, driver: 'own' })
  const store = await open()
  for (const id of ['ada', 'eve']) await store.credentials.insert(stored(id))
  return {
    ...{ path, open, store },
    async [Symbol.asyncDispose]() {
      await store.close()
      folder[Symbol.dispose]()
    },
  }
}

test('the use of a key and its failures are written once a minute, however many there are', async () => {
  await using file = await opened()
  const { path, store } = file
  await countUsageWrites(path)
  for (let second = 0; second < 180; second++) {
    for (let time = 0; time < 3; time++) {
      store.nonces.countFailure('ada', NOW + second)
      await record(store, NOW + second)
    }
  }
  expect(await usageWrites(path)).toEqual({ uses: 3, failures: 3 })
})

test('failures without an accepted request are written only when the store is closed', async () => {
  await using file = await opened()
  const { path, store } = file
  await countUsageWrites(path)
  const before = databaseContent(path)
  for (let second = 0; second < 1000; second++) store.nonces.countFailure('ada', NOW + second)
  await record(store, NOW, 'ada', 'n')
  store.nonces.countFailure('eve', NOW)
  for (let second = 0; second < 1000; second++) store.nonces.countFailure('ada', NOW + second)
  // A replay must not cause writes either: an attacker may have a copy of a request.
  const meanwhile = databaseContent(path)
  for (const later of [0, 60, 120]) await record(store, NOW + later, 'ada', 'n')
  expect(databaseContent(path)).toEqual(meanwhile)
  const rowsBefore = before.rows.mac_nonce_log?.length ?? 0
  expect(meanwhile.rows.mac_nonce_log).toHaveLength(1 + rowsBefore)
  await store.close()
  const { rows } = databaseContent(path)
  const of = (id: string) =>
    (rows.mac_failures ?? []).filter(([name]) => name === id).map(([, , failed]) => Number(failed))
  expect(of('ada').reduce((sum, each) => sum + each)).toBe(2000)
  expect(of('eve')).toEqual([1])
})

test('a batch is one transaction, and includes the writes of usage', async () => {
  const log: string[] = []
  const database = new Kysely<unknown>({
    dialect: await applicationDialect(openDatabase(':memory:')),
    log: ({ query }) => {
      log.push(query.sql.trim().split(/\s+/).slice(0, 3).join(' '))
    },
  })
  const store = await openStore(databaseSource(database))
  await store.credentials.insert(stored('ada'))
  const statements = async (now: number) => {
    log.length = 0
    await record(store, now)
    return [...log]
  }
  const nonce = ['select head.seq, head.tag,', 'insert into "mac_nonce_log"']
  const alone = ['begin immediate', ...nonce, 'commit']
  const write = 'with given as'
  const withWrites = (...writes: string[]) => [
    ...['begin immediate', ...nonce, 'savepoint mac_usage', ...writes, 'commit'],
  ]
  expect(await statements(NOW)).toEqual(withWrites(write))
  for (const later of [0, 30, 59]) expect(await statements(NOW + later)).toEqual(alone)
  // Failures with an unknown identifier write nothing.
  for (let time = 0; time < 100; time++) store.nonces.countFailure('nobody', NOW, false)
  expect(await statements(NOW + 59)).toEqual(alone)
  store.nonces.countFailure('ada', NOW + 59)
  // One statement adds the failures, another removes old ones.
  expect(await statements(NOW + 59)).toEqual(withWrites(write, write))
  store.nonces.countFailure('ada', NOW + 59)
  expect(await statements(NOW + 59)).toEqual(alone)
  await store.close()
  await database.destroy()
})

test('if usage cannot be written, the nonce is still recorded once, and the operator gets a warning', async () => {
  await using file = await opened()
  const { path, store } = file
  await withDatabase(path, (db) =>
    sql`create trigger no before insert on mac_usage begin select raise(abort, 'no'); end`.execute(
      db,
    ),
  )
  store.nonces.countFailure('ada', NOW)
  const log = spyOn(console, 'error').mockImplementation(() => {})
  expect((await record(store, NOW, 'ada', 'n')).verdict).toBe('new')
  expect((await record(store, NOW, 'ada', 'n')).verdict).toBe('seen')
  expect((await record(store, NOW, 'ada', 'o')).verdict).toBe('new')
  expect(log.mock.calls.map(([text]) => String(text).includes('cannot be written'))).toEqual([true])
  log.mockRestore()
  const { rows } = databaseContent(path)
  expect([rows.mac_usage, rows.mac_failures]).toEqual([[], []])
  await withDatabase(path, (db) => sql`drop trigger no`.execute(db))
  await record(store, NOW + 60, 'ada', 'p')
  const after = databaseContent(path).rows
  expect(after.mac_usage).toEqual([['ada', 1, NOW + 60]])
  expect(after.mac_failures).toEqual([['ada', Math.floor(NOW / 3600), 1]])
})

test('usage that waits for a lock is written once', async () => {
  await using file = await opened()
  const { path, store } = file
  await countUsageWrites(path)
  const other = openDatabase(path)
  other.exec('begin immediate')
  for (let time = 0; time < 5; time++) store.nonces.countFailure('ada', NOW)
  const waiting = Array.from({ length: 20 }, () => record(store, NOW))
  setTimeout(() => other.exec('commit'), 100)
  for (const { verdict } of await Promise.all(waiting)) expect(verdict).toBe('new')
  other.close()
  expect(await usageWrites(path)).toEqual({ uses: 1, failures: 1 })
  const { rows } = databaseContent(path)
  expect(rows.mac_failures).toEqual([['ada', Math.floor(NOW / 3600), 5]])
})

test('no failure is lost if a lock is held for too long', async () => {
  await using file = await opened()
  const { path, store } = file
  const other = openDatabase(path)
  other.exec('begin immediate')
  store.nonces.countFailure('ada', NOW)
  await expect(record(store, NOW)).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  store.nonces.countFailure('ada', NOW)
  other.exec('rollback')
  other.close()
  await record(store, NOW)
  await store.close()
  expect(databaseContent(path).rows.mac_failures).toEqual([['ada', Math.floor(NOW / 3600), 2]])
}, 180_000)

test('a store is closed even if it cannot write failures', async () => {
  await using file = await opened()
  await withDatabase(file.path, (db) => sql`drop table mac_failures`.execute(db))
  file.store.nonces.countFailure('ada', NOW)
  await file.store.close()
})

test('failures from more than 25 hours ago are removed with the next ones of the same credential', async () => {
  await using file = await opened()
  const { path, store } = file
  const hour = Math.floor(NOW / 3600)
  for (let later = 0; later < 40; later++) {
    store.nonces.countFailure('ada', NOW + later * 3600)
    if (later < 3) store.nonces.countFailure('eve', NOW + later * 3600)
    await record(store, NOW + later * 3600)
  }
  const rows = databaseContent(path).rows.mac_failures ?? []
  const hours = (id: string) =>
    rows.filter(([name]) => name === id).map(([, at]) => Number(at) - hour)
  expect(hours('ada')).toEqual(Array.from({ length: 25 }, (_, at) => at + 15))
  expect(hours('eve')).toEqual([0, 1, 2])
})

test('the failures of two stores on one file are added up', async () => {
  await using file = await opened()
  const other = await file.open()
  for (let second = 0; second < 300; second++) {
    for (const store of [file.store, other]) {
      store.nonces.countFailure('ada', NOW + second)
      if (second % 7 === 0) await record(store, NOW + second)
    }
  }
  await Promise.all([file.store.close(), other.close()])
  const rows = databaseContent(file.path).rows.mac_failures ?? []
  expect(rows.map(([, , failed]) => Number(failed)).reduce((sum, each) => sum + each)).toBe(600)
})
