import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fileUnderLoad } from '../support/file-under-load.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { describe, expect, test } from '../support/runner.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'

const PAGE = 4096
/** What the log may take: 4000 pages, and what is written while they are brought over. */
const LONGEST_LOG = 16_000 * PAGE
/** Enough to make it longer, were it never begun anew. */
const BATCHES = 400

describe('under a load that never stops', () => {
  test('the log stays short, and this thread makes no checkpoint', async () => {
    using folder = temporaryFolder()
    const file = await fileUnderLoad(folder.path('mac.db'))
    await file.load(BATCHES)
    expect(file.pages * PAGE).toBeGreaterThan(1.5 * LONGEST_LOG)
    expect(file.logSize()).toBeLessThan(LONGEST_LOG)
    expect(file.checkpointsHere).toBe(0)
    file.assertComplete()
    await file.close()
    expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
  })

  test('checkpoints go on after a reader was in their way', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const file = await fileUnderLoad(path)
    const reader = openDatabase(path)
    reader.exec('begin')
    rowsOf(reader, 'select count(*) from t')
    await file.load(BATCHES / 4)
    // Nothing could be forgotten.
    expect(file.logSize()).toBeGreaterThan(file.pages * PAGE)
    reader.exec('commit')
    reader.close()
    await file.load(BATCHES)
    expect(file.logSize()).toBeLessThan(LONGEST_LOG)
    expect(file.checkpointsHere).toBe(0)
    file.assertComplete()
    await file.close()
  })
})

const OPENERS: readonly [string, string | null][] = [
  ['where there can be no thread', null],
  ['where the thread cannot open the file', '() => { throw new Error("no") }'],
  ['where the program of the thread is none', 'this is no JavaScript'],
  [
    'where the thread ends in the middle',
    `() => ({ all: (sql) => { if (sql.includes('wal_checkpoint')) process.exit() }, close() {} })`,
  ],
]

test.each(OPENERS)('%s, this thread keeps the log short', async (_, opener) => {
  using folder = temporaryFolder()
  const file = await fileUnderLoad(folder.path('mac.db'), opener)
  await file.load(BATCHES / 2)
  expect(file.logSize()).toBeLessThan((file.pages * PAGE) / 1.1)
  expect(file.checkpointsHere).toBeGreaterThan(0)
  file.assertComplete()
  await file.close()
  expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
})

test('a thread whose checkpoints fail keeps nobody from writing', async () => {
  using folder = temporaryFolder()
  const failing = `() => ({
    all(sql) { if (sql.includes('wal_checkpoint')) throw new Error('database or disk is full') },
    close() {},
  })`
  const file = await fileUnderLoad(folder.path('mac.db'), failing)
  await file.load(BATCHES / 10)
  file.assertComplete()
  await file.close()
})

test('a file that has taken the place of the open one is not touched', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const file = await fileUnderLoad(path)
  renameSync(path, folder.path('moved.db'))
  writeFileSync(path, 'another file')
  // How soon the thread refuses is its own affair.
  for (let time = 0; time < 100 && file.checkpointsHere === 0; time++) await file.load(BATCHES / 20)
  expect(file.checkpointsHere).toBeGreaterThan(0)
  expect(readFileSync(path, 'utf8')).toBe('another file')
  file.assertComplete()
  await file.close()
})

describe('a process that wrote much', () => {
  test.each([['close'], ['nothing'], ['exit']])('ends by itself after %s', async (last) => {
    using folder = temporaryFolder()
    const script = fileURLToPath(new URL('../support/write-much.ts', import.meta.url))
    const path = folder.path('mac.db')
    const env = { ...process.env, DATABASE: path, LAST: last }
    const { out, err, status } = await runToEnd(script, { cwd: folder.path('.'), env })
    expect(err).toBe('')
    expect(out).toBe(last === 'close' ? 'wrote\nclosed' : 'wrote')
    expect(status).toBe(0)
    if (last === 'close') expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
    const after = openDatabase(path)
    expect(rowsOf(after, 'select total(length(entries)) / 12 from mac_nonce_log')).toEqual([[6400]])
    after.close()
  })
})
