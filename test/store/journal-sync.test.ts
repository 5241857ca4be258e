import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Kysely, sql } from 'kysely'
import { SqliteConnection, type Sync } from '../../src/store/connection.ts'
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

/** What stands in for the thread: each sync ends when the test says so. */
class ManualSync implements Syncing {
  next: Sync = 'later'
  readonly times: number[] = []
  readonly waits: number[] = []
  readonly syncs: ReturnType<typeof Promise.withResolvers<void>>[] = []
  #failed: (error: Error) => void = () => {}

  start(failed: (error: Error) => void): Syncing {
    this.#failed = failed
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
  const name = 'The database'
  const journal = new Journal({
    ...{ name, path: null, mostNonces: 1000, label: name, db, guarded: guard(name), check() {} },
    inTime: (work) => work,
    connection: new SqliteConnection(handle),
    sync: sync && ((failed) => sync.start(failed)),
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

test('a batch that is synced later is answered after its sync', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  const waiting = record(file.journal, 'n')
  expect(await soon(waiting)).toBe('waits')
  // A copy changes nothing, so nothing of it is waited for.
  expect(await soon(record(file.journal, 'n'))).toBe('seen')
  sync.syncs[0]?.resolve()
  expect(await soon(waiting)).toBe('new')
  expect(file.commits).toEqual(['normal'])
  expect(sync.times).toEqual([])
})

test('a batch that is synced by its commit is answered at once, and how long that took is noted', async () => {
  const sync = new ManualSync()
  sync.next = 'at once'
  await using file = await opened(sync)
  expect(await soon(record(file.journal, 'n'))).toBe('new')
  expect(sync.times.length).toBe(1)
  expect(sync.times[0]).toBeGreaterThan(0)
  // A copy is not written, and says nothing of the disk.
  expect(await soon(record(file.journal, 'n'))).toBe('seen')
  expect(sync.times.length).toBe(1)
  expect(file.commits).toEqual(['full'])
})

test('a lock of another process is waited for, which is noted as well', async () => {
  const sync = new ManualSync()
  sync.next = 'at once'
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

test('a commit whose sync fails rejects those too that wait for the thread, whose own sync succeeds', async () => {
  const sync = new ManualSync()
  await using file = await opened(sync)
  const waiting = record(file.journal)
  expect(await soon(waiting)).toBe('waits')
  sync.next = 'at once'
  file.faults.failing = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' })
  await expect(record(file.journal)).rejects.toMatchObject({ code: 'ERR_MAC_STORE' })
  sync.syncs[0]?.resolve()
  await expect(waiting).rejects.toThrow(/a sync of its log failed/)
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

/** What a thread that was started for the log of a database tells of itself and of a sync. */
async function toldBy(path: string, known = inode(path)): Promise<readonly unknown[]> {
  const told: unknown[] = []
  let thread: Thread | null = null
  await new Promise<void>((resolve) => {
    thread = startLogThread(
      { path, inode: known },
      {
        message(message) {
          told.push(message)
          if (message === 'ready') thread?.sync()
          else resolve()
        },
        gone() {
          told.push('gone')
          resolve()
        },
      },
    )
    thread?.keepAlive(true)
  })
  const all = [...told]
  // Otherwise it keeps the process of the tests alive.
  if (!all.includes('gone')) await (thread as Thread | null)?.end()
  return all
}

test('the thread syncs the log of the file that it was started for, and of no other', async () => {
  await using file = await opened(null)
  await record(file.journal)
  const [ready, synced] = await toldBy(file.path)
  expect(ready).toBe('ready')
  expect(synced).toMatchObject({ failed: null })
  expect(await toldBy(file.path, '1:1')).toEqual(['gone'])
  await expect(toldBy(`${file.path}-other`, null)).rejects.toThrow('ENOENT')
})

test('the thread syncs the log beside the file that a link leads to, not what lies beside the link', async () => {
  await using file = await opened(null)
  using folder = temporaryFolder()
  const link = folder.path('link.db')
  symlinkSync(file.path, link)
  await record(file.journal)
  expect((await toldBy(link))[0]).toBe('ready')
  rmSync(`${file.path}-wal`)
  writeFileSync(`${link}-wal`, '')
  expect(await toldBy(link)).toEqual(['gone'])
})

/** What would sync with a thread that the test stands in for. */
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
  const told = (message: Synced) => events.at(-1)?.message(message)
  return { sync, events, alive, told, gone: () => events.at(-1)?.gone() }
}

/** Syncs that take so many milliseconds each. */
function take(sync: LogSync, milliseconds: number, times: number): void {
  for (let time = 0; time < times; time++) sync.took(milliseconds)
}

test('a disk that is always quick, or slow for once, needs no thread', () => {
  const { sync, events } = withThread()
  expect(sync.next).toBe('at once')
  take(sync, 0.2, 5000)
  sync.took(9)
  take(sync, 0.2, 5000)
  sync.took(9)
  expect(events).toEqual([])
  expect(sync.next).toBe('at once')
})

test('on a slow disk the thread takes over as soon as it is ready', () => {
  const { sync, events, told } = withThread()
  take(sync, 3, 10)
  expect(events.length).toBe(1)
  expect(sync.next).toBe('at once')
  told('ready')
  expect(sync.next).toBe('later')
})

test('if several processes wait for each other, the thread takes over, after a commit of its own', () => {
  const { sync, events, told } = withThread()
  for (let time = 0; time < 100; time++) sync.waited(1)
  expect(events).toEqual([])
  sync.took(0.2)
  told('ready')
  expect(sync.next).toBe('later')
})

test('once the disk has been quick for long, commits sync again by themselves', async () => {
  const { sync, events, told } = withThread()
  sync.took(30)
  told('ready')
  for (let time = 0; time < 500; time++) {
    const over = sync.wait()
    told({ failed: null, milliseconds: 0.2 })
    await over
  }
  expect(sync.next).toBe('later')
  take(sync, 0.2, 600)
  expect(sync.next).toBe('at once')
  // The same thread goes on with the work.
  sync.took(30)
  expect(sync.next).toBe('later')
  expect(events.length).toBe(1)
})

test('once the thread is gone, each commit syncs by itself', async () => {
  const { sync, told, gone, events } = withThread()
  sync.took(30)
  told('ready')
  const over = sync.wait()
  gone()
  await expect(over).rejects.toThrow('the thread that syncs the log ended')
  expect(sync.next).toBe('at once')
  sync.took(30)
  expect(events.length).toBe(1)
  expect(sync.next).toBe('at once')
})

test('the thread keeps the process alive while a sync is waited for, and not after one that failed', async () => {
  const { sync, alive, told } = withThread()
  sync.took(30)
  told('ready')
  const first = sync.wait()
  expect(alive.at(-1)).toBe(true)
  told({ failed: null, milliseconds: 3 })
  await first
  expect(alive.at(-1)).toBe(false)
  const second = sync.wait()
  told({ failed: 'EIO', milliseconds: 3 })
  await expect(second).rejects.toThrow('the log could not be synced: EIO')
  expect(alive.at(-1)).toBe(false)
  await expect(sync.wait()).rejects.toThrow('EIO')
})
