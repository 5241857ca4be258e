import { Kysely, sql } from 'kysely'
import { Checkpoints } from '../../src/store/checkpoints.ts'
import { SqliteConnection } from '../../src/store/connection.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { inode } from '../../src/store/file.ts'
import type { ThreadEvents } from '../../src/store/file-thread.ts'
import { guard } from '../../src/store/guard.ts'
import { Journal } from '../../src/store/journal.ts'
import { LogSync, type Synced, type Syncing } from '../../src/store/log-sync.ts'
import { openStore } from '../../src/store/open.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import type { NonceStore } from '../../src/store/types.ts'
import { UsageCounters } from '../../src/store/usage/usage-counters.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { withDatabase } from '../support/with-database.ts'

const NOW = 1_700_000_000

/** What stands in for the thread: each sync ends when the test says so. */
class ManualSync implements Syncing {
  readonly afterBatches = 0
  isReady = true
  readonly syncs: ReturnType<typeof Promise.withResolvers<void>>[] = []
  #failed: (error: Error) => void = () => {}

  start(failed: (error: Error) => void): Syncing {
    this.#failed = failed
    return this
  }

  wait(): Promise<void> {
    const sync = Promise.withResolvers<void>()
    this.syncs.push(sync)
    return sync.promise
  }

  fail(error: Error): void {
    this.#failed(error)
    for (const { reject } of this.syncs.splice(0)) reject(error)
  }

  async close(): Promise<void> {}
}

/** Nonces in a file, and what becomes of them: how each commit was synced. */
async function opened(sync: ManualSync | null) {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  const store = await openStore({ path, driver: 'own' })
  for (const id of ['ada', 'eve']) await store.credentials.insert(stored(id))
  const own = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect: own.dialect })
  let synchronous = ''
  const commits: string[] = []
  const handle: typeof own = {
    ...own,
    exec(text) {
      if (text.startsWith('pragma synchronous')) synchronous = text.split(' ').at(-1) ?? ''
      own.exec(text)
    },
    all(text, parameters) {
      if (text === 'commit') commits.push(synchronous)
      return own.all(text, parameters)
    },
  }
  const name = 'The database'
  const checkpoints = new Checkpoints(handle, { path, inode: inode(path) })
  const journal = new Journal({
    ...{ name, path: null, mostNonces: 1000, label: name, db, guarded: guard(name), check() {} },
    inTime: (work) => work,
    connection: new SqliteConnection(handle, checkpoints),
    sync,
    counters: new UsageCounters(),
  })
  await journal.open()
  return {
    ...{ path, store, journal, commits },
    async [Symbol.asyncDispose]() {
      own.close()
      await store.close()
      folder[Symbol.dispose]()
    },
  }
}

let count = 0
function record(nonces: NonceStore, nonce = `n${count++}`) {
  return nonces.record({ timestamp: NOW, credential: 'ada', keyNumber: 1, nonce, now: NOW })
}

/** The verdict, or the code of the error, or `waits`. */
async function soon(recorded: Promise<{ readonly verdict: string }>): Promise<string> {
  const later = new Promise<string>((resolve) => setTimeout(resolve, 20, 'waits'))
  const told = recorded.then(
    ({ verdict }) => verdict,
    ({ code }) => String(code),
  )
  return Promise.race([told, later])
}

test('without a thread that syncs, each batch is synced by its commit', async () => {
  await using file = await opened(null)
  for (let time = 0; time < 3; time++) await record(file.journal)
  expect(file.commits).toEqual(['full', 'full', 'full'])
})

test('the first batch is synced by its commit, and the next ones are answered after their sync', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  expect(await soon(record(file.journal))).toBe('new')
  const waiting = record(file.journal, 'n')
  expect(await soon(waiting)).toBe('waits')
  // A copy changes nothing, so nothing of it is waited for.
  expect(await soon(record(file.journal, 'n'))).toBe('seen')
  sync.syncs[0]?.resolve()
  expect(await soon(waiting)).toBe('new')
  expect(file.commits).toEqual(['full', 'normal'])
})

test('while the thread is not there yet, or any more, each batch is synced by its commit', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  await record(file.journal)
  sync.isReady = false
  expect(await soon(record(file.journal))).toBe('new')
  expect(file.commits).toEqual(['full', 'full'])
})

test('failures that are written at the end alone are synced with what comes later', async () => {
  await using file = await opened(null)
  await record(file.journal)
  file.journal.failed('ada', NOW)
  await file.journal.close()
  expect(file.commits).toEqual(['full', 'normal'])
})

test('a sync that fails rejects all that wait and all that come, here and in other processes', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  await record(file.journal)
  const waiting = record(file.journal, 'lost')
  expect(await soon(waiting)).toBe('waits')
  sync.fail(new Error('EIO'))
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  for (const nonces of [file.journal, file.store.nonces]) {
    await expect(record(nonces)).rejects.toThrow(/a sync of its log failed/)
  }
  // Whoever is rejected for that was not forgotten either.
  expect(await soon(record(file.journal, 'lost'))).toBe('seen')
})

test('after a failed sync the database is opened again once its log is in the file', async () => {
  await using file = await opened(null)
  await record(file.journal, 'before')
  await withDatabase(file.path, (db) =>
    sql`update mac_state set value = 1 where name = 'halted'`.execute(db),
  )
  await withDatabase(file.path, async (db) => {
    await sql`begin`.execute(db)
    await sql`select * from mac_state`.execute(db)
    const opening = openStore({ path: file.path, driver: 'own' })
    await expect(opening).rejects.toThrow(/Stop all processes/)
    await sql`commit`.execute(db)
  })
  const again = await openStore({ path: file.path, driver: 'own' })
  expect((await record(again.nonces, 'before')).verdict).toBe('seen')
  expect((await record(again.nonces)).verdict).toBe('new')
  expect(await soon(record(file.journal))).toBe('new')
  await again.close()
})

test('the thread keeps the process alive while a sync is waited for, and not after one that failed', async () => {
  const alive: boolean[] = []
  let events: ThreadEvents<Synced> | null = null
  const sync = new LogSync(
    (given) => {
      events = given
      return { send() {}, keepAlive: (whether) => alive.push(whether), async end() {} }
    },
    () => {},
  )
  const told = (message: Synced) => events?.message(message)
  const first = sync.wait()
  expect(alive.at(-1)).toBe(true)
  told({ failed: null })
  await first
  expect(alive.at(-1)).toBe(false)
  const second = sync.wait()
  told({ failed: 'EIO' })
  await expect(second).rejects.toThrow('the log could not be synced: EIO')
  expect(alive.at(-1)).toBe(false)
  await expect(sync.wait()).rejects.toThrow('EIO')
})
