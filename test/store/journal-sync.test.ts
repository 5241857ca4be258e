import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Kysely, sql } from 'kysely'
import { SqliteConnection, type SyncMode } from '../../src/store/connection.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { inode } from '../../src/store/file.ts'
import { guard } from '../../src/store/guard.ts'
import { Journal } from '../../src/store/journal.ts'
import {
  LogSync,
  type Synced,
  type Syncing,
  startLogThread,
  type Thread,
  type ThreadEvents,
} from '../../src/store/log-sync.ts'
import { openStore } from '../../src/store/open.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import type { NonceStore } from '../../src/store/types.ts'
import { UsageCounters } from '../../src/store/usage/usage-counters.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { withDatabase } from '../support/with-database.ts'

const NOW = 1_700_000_000

/** Replaces the thread: each sync ends when the test says so. */
class ManualSync implements Syncing {
  mode: SyncMode = 'later'
  readonly times: number[] = []
  readonly waits: number[] = []
  readonly syncs: ReturnType<typeof Promise.withResolvers<void>>[] = []
  #onFailedSync: (error: Error) => void = () => {}

  start(onFailedSync: (error: Error) => void): Syncing {
    this.#onFailedSync = onFailedSync
    return this
  }

  took(milliseconds: number): void {
    this.times.push(milliseconds)
  }

  waited(milliseconds: number): void {
    this.waits.push(milliseconds)
  }

  wait(): Promise<void> {
    const sync = Promise.withResolvers<void>()
    this.syncs.push(sync)
    return sync.promise
  }

  fail(error: Error): void {
    this.#onFailedSync(error)
    for (const { reject } of this.syncs.splice(0)) reject(error)
  }

  async close(): Promise<void> {}
}

/** Opens a journal on a file, and records how each commit was synced. */
async function opened(sync: ManualSync | null) {
  const folder = temporaryFolder()
  const path = folder.path('mac.db')
  const store = await openStore({ path, driver: 'own' })
  for (const id of ['ada', 'eve']) await store.credentials.insert(stored(id))
  const own = await openSqlite(path, 'own')
  const db = new Kysely<MacDatabase>({ dialect: own.dialect })
  let synchronous = ''
  const commits: string[] = []
  const faults: { failing: Error | null } = { failing: null }
  const handle: typeof own = {
    ...own,
    exec(text) {
      if (text.startsWith('pragma synchronous')) synchronous = text.split(' ').at(-1) ?? ''
      own.exec(text)
    },
    all(text, parameters) {
      if (text === 'commit') {
        commits.push(synchronous)
        if (faults.failing !== null && synchronous === 'full') throw faults.failing
      }
      return own.all(text, parameters)
    },
  }
  const nameInErrors = 'The database'
  const journal = new Journal({
    language: 'sqlite',
    ...{
      nameInErrors,
      path: null,
      mostNonces: 1000,
      keepSeconds: 300,
      label: 'kysely',
      db,
      check() {},
    },
    settled: async () => {},
    ...{ timeout: null, lookUp: async () => [] },
    guarded: guard(nameInErrors),
    inTime: (work) => work,
    connection: new SqliteConnection(handle),
    sync: sync && ((onFailedSync) => sync.start(onFailedSync)),
    counters: new UsageCounters(),
  })
  await journal.open()
  return {
    ...{ path, store, journal, commits, faults },
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

/** Returns the verdict, or the code of the error, or `waits` if there is none within 20 ms. */
async function soon(recorded: Promise<{ readonly verdict: string }>): Promise<string> {
  const later = new Promise<string>((resolve) => setTimeout(resolve, 20, 'waits'))
  const verdict = recorded.then(
    ({ verdict }) => verdict,
    ({ code }) => String(code),
  )
  return Promise.race([verdict, later])
}

test('without a thread, each batch is synced by its commit', async () => {
  await using file = await opened(null)
  for (let time = 0; time < 3; time++) await record(file.journal)
  expect(file.commits).toEqual(['full', 'full', 'full'])
})

test('a batch that is synced later is answered after its sync', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  const waiting = record(file.journal, 'n')
  expect(await soon(waiting)).toBe('waits')
  // A replay writes nothing, so it does not wait for a sync.
  expect(await soon(record(file.journal, 'n'))).toBe('seen')
  sync.syncs[0]?.resolve()
  expect(await soon(waiting)).toBe('new')
  expect(file.commits).toEqual(['normal'])
  expect(sync.times).toEqual([])
})

test('a batch that is synced by its commit is answered at once, and the time is measured', async () => {
  const sync = new ManualSync()
  sync.mode = 'at once'
  await using file = await opened(sync)
  expect(await soon(record(file.journal, 'n'))).toBe('new')
  expect(sync.times.length).toBe(1)
  expect(sync.times[0]).toBeGreaterThan(0)
  // A replay is not written, so its time is not measured.
  expect(await soon(record(file.journal, 'n'))).toBe('seen')
  expect(sync.times.length).toBe(1)
  expect(file.commits).toEqual(['full'])
})

test('a batch waits for the lock of another process, and the waiting is measured', async () => {
  const sync = new ManualSync()
  sync.mode = 'at once'
  await using file = await opened(sync)
  await withDatabase(file.path, async (db) => {
    await sql`begin immediate`.execute(db)
    const waiting = record(file.journal)
    expect(await soon(waiting)).toBe('waits')
    expect(sync.waits.length).toBeGreaterThan(1)
    expect(sync.times).toEqual([])
    await sql`commit`.execute(db)
    expect((await waiting).verdict).toBe('new')
  })
})

test('failures that are written only on close are not synced by their commit', async () => {
  await using file = await opened(null)
  await record(file.journal)
  file.journal.countFailure('ada', NOW)
  await file.journal.close()
  expect(file.commits).toEqual(['full', 'normal'])
})

test('a failed sync rejects all requests that wait and all later ones, in every process', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  const waiting = record(file.journal, 'lost')
  expect(await soon(waiting)).toBe('waits')
  sync.fail(new Error('EIO'))
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  for (const nonces of [file.journal, file.store.nonces]) {
    await expect(record(nonces)).rejects.toThrow(/a sync of its write-ahead log failed/)
  }
  // The nonce of a rejected request stays in memory too.
  expect(await soon(record(file.journal, 'lost'))).toBe('seen')
})

test('a commit whose sync fails also rejects requests that wait for a successful sync of the thread', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  const waiting = record(file.journal)
  expect(await soon(waiting)).toBe('waits')
  sync.mode = 'at once'
  file.faults.failing = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' })
  await expect(record(file.journal)).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  sync.syncs[0]?.resolve()
  await expect(waiting).rejects.toThrow(/a sync of its write-ahead log failed/)
})

test('after a failed sync, the database can be opened once its write-ahead log was written into the file', async () => {
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

/** Starts a thread for the WAL of a database, requests a sync, and returns its messages. */
async function messagesOf(path: string, known = inode(path)): Promise<readonly unknown[]> {
  const messages: unknown[] = []
  let thread: Thread | null = null
  await new Promise<void>((resolve) => {
    thread = startLogThread(
      { path, inode: known },
      {
        message(message) {
          messages.push(message)
          if (message === 'ready') thread?.sync()
          else resolve()
        },
        gone() {
          messages.push('gone')
          resolve()
        },
      },
    )
    thread?.keepAlive(true)
  })
  const all = [...messages]
  // Otherwise the thread keeps the test process alive.
  if (!all.includes('gone')) await (thread as Thread | null)?.end()
  return all
}

test('the thread syncs the write-ahead log of its own file, and does not start for another file of the same name', async () => {
  await using file = await opened(null)
  await record(file.journal)
  const [ready, synced] = await messagesOf(file.path)
  expect(ready).toBe('ready')
  expect(synced).toMatchObject({ error: null })
  expect(await messagesOf(file.path, '1:1')).toEqual(['gone'])
  await expect(messagesOf(`${file.path}-other`, null)).rejects.toThrow('ENOENT')
})

test('if the path is a link, the thread syncs the write-ahead log beside the real file, not beside the link', async () => {
  await using file = await opened(null)
  using folder = temporaryFolder()
  const link = folder.path('link.db')
  symlinkSync(file.path, link)
  await record(file.journal)
  expect((await messagesOf(link))[0]).toBe('ready')
  rmSync(`${file.path}-wal`)
  writeFileSync(`${link}-wal`, '')
  expect(await messagesOf(link)).toEqual(['gone'])
})

/** Creates a `LogSync` whose thread is played by the test. */
function withThread() {
  const events: ThreadEvents[] = []
  const alive: boolean[] = []
  const sync = new LogSync(
    (given) => {
      events.push(given)
      return { sync() {}, keepAlive: (whether) => alive.push(whether), async end() {} }
    },
    () => {},
  )
  const message = (text: Synced) => events.at(-1)?.message(text)
  return { sync, events, alive, message, gone: () => events.at(-1)?.gone() }
}

/** Reports commits that took so many milliseconds each. */
function take(sync: LogSync, milliseconds: number, times: number): void {
  for (let time = 0; time < times; time++) sync.took(milliseconds)
}

test('the thread is not started on a disk that is quick, or slow only once', () => {
  const { sync, events } = withThread()
  expect(sync.mode).toBe('at once')
  take(sync, 0.2, 5000)
  sync.took(9)
  take(sync, 0.2, 5000)
  sync.took(9)
  expect(events).toEqual([])
  expect(sync.mode).toBe('at once')
})

test('on a slow disk, the thread takes over as soon as it is ready', () => {
  const { sync, events, message } = withThread()
  take(sync, 3, 10)
  expect(events.length).toBe(1)
  expect(sync.mode).toBe('at once')
  message('ready')
  expect(sync.mode).toBe('later')
})

test('if several processes wait for each other, the thread takes over after the next commit', () => {
  const { sync, events, message } = withThread()
  for (let time = 0; time < 100; time++) sync.waited(1)
  expect(events).toEqual([])
  sync.took(0.2)
  message('ready')
  expect(sync.mode).toBe('later')
})

test('once the disk has been quick for a long time, commits are synced at once again', async () => {
  const { sync, events, message } = withThread()
  sync.took(30)
  message('ready')
  for (let time = 0; time < 500; time++) {
    const over = sync.wait()
    message({ error: null, milliseconds: 0.2 })
    await over
  }
  expect(sync.mode).toBe('later')
  take(sync, 0.2, 600)
  expect(sync.mode).toBe('at once')
  // If the disk is slow again, the same thread is used.
  sync.took(30)
  expect(sync.mode).toBe('later')
  expect(events.length).toBe(1)
})

test('once the thread has ended, each commit is synced at once', async () => {
  const { sync, message, gone, events } = withThread()
  sync.took(30)
  message('ready')
  const over = sync.wait()
  gone()
  await expect(over).rejects.toThrow('the thread that syncs the write-ahead log ended')
  expect(sync.mode).toBe('at once')
  sync.took(30)
  expect(events.length).toBe(1)
  expect(sync.mode).toBe('at once')
})

test('the thread keeps the process alive only during a sync, and not after a failed one', async () => {
  const { sync, alive, message } = withThread()
  sync.took(30)
  message('ready')
  const first = sync.wait()
  expect(alive.at(-1)).toBe(true)
  message({ error: null, milliseconds: 3 })
  await first
  expect(alive.at(-1)).toBe(false)
  const second = sync.wait()
  message({ error: 'EIO', milliseconds: 3 })
  await expect(second).rejects.toThrow('the write-ahead log could not be synced: EIO')
  expect(alive.at(-1)).toBe(false)
  await expect(sync.wait()).rejects.toThrow('EIO')
})
