import { Kysely } from 'kysely'
import { Checkpoints } from '../../src/store/checkpoints.ts'
import type { Durability } from '../../src/store/connection.ts'
import { openSqlite } from '../../src/store/drivers/choose-driver.ts'
import { guard } from '../../src/store/guard.ts'
import { openStore } from '../../src/store/open.ts'
import { PowerCutGuard } from '../../src/store/power-cut.ts'
import type { MacDatabase } from '../../src/store/schema.ts'
import { SqlNonces } from '../../src/store/sql-nonces.ts'
import { SqliteConnection } from '../../src/store/sqlite-connection.ts'
import { UsageTally } from '../../src/store/usage/usage-tally.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'

const NOW = 1_700_000_000

/** Nonces in a file, and what becomes of them: how each commit was synced. */
async function opened(durability: Durability) {
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
    exec(sql) {
      if (sql.startsWith('pragma synchronous')) synchronous = sql.split(' ').at(-1) ?? ''
      own.exec(sql)
    },
    all(sql, parameters) {
      const kind = /^(insert|update|commit)/.exec(sql.trim())?.[0]
      // What a transaction inserts is committed by its end.
      if (kind !== undefined) commits.push(`${kind} ${synchronous}`)
      return own.all(sql, parameters)
    },
  }
  const name = 'The database'
  const nonces = new SqlNonces({
    ...{
      name,
      path: null,
      label: name,
      db,
      guarded: guard(name),
      check() {},
      inTime: (work) => work,
    },
    connection: new SqliteConnection(handle, durability, new Checkpoints(handle, path)),
    powerCut: durability === 'normal' ? new PowerCutGuard(db) : null,
    tally: new UsageTally(),
  })
  let count = 0
  return {
    nonces,
    async commits(timestamp: number, credential: string): Promise<string[]> {
      commits.length = 0
      const nonce = `n${count++}`
      await nonces.record({ timestamp, credential, keyNumber: 1, nonce, now: NOW })
      return [...commits]
    },
    async commitsAtEnd(): Promise<string[]> {
      commits.length = 0
      await nonces.drain()
      return [...commits]
    },
    async [Symbol.asyncDispose]() {
      own.close()
      await store.close()
      folder[Symbol.dispose]()
    },
  }
}

test("with durability 'full' a batch that takes a use along is synced as any other", async () => {
  await using file = await opened('full')
  expect(await file.commits(NOW, 'ada')).toEqual(['insert full', 'commit full'])
  expect(await file.commits(NOW, 'ada')).toEqual(['insert full'])
})

test("with durability 'normal' it is synced where its timestamp lies above the mark", async () => {
  await using file = await opened('normal')
  expect(await file.commits(NOW, 'ada')).toEqual(['update full', 'insert normal', 'commit normal'])
  expect(await file.commits(NOW + 100, 'ada')).toEqual(['insert full'])
  expect(await file.commits(NOW + 100, 'eve')).toEqual(['insert full', 'commit full'])
  expect(await file.commits(NOW, 'eve')).toEqual(['insert normal'])
})

test('failures that are written at the end alone are synced with what comes later', async () => {
  await using file = await opened('full')
  await file.commits(NOW, 'ada')
  file.nonces.failed('ada', NOW)
  expect(await file.commits(NOW, 'ada')).toEqual(['insert full', 'commit full'])
  expect(await file.commitsAtEnd()).toEqual([])
  file.nonces.failed('ada', NOW)
  expect(await file.commits(NOW, 'ada')).toEqual(['insert full'])
  expect(await file.commitsAtEnd()).toEqual(['commit normal'])
})
