import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../src/store/open.ts'
import type { NonceStore } from '../../src/store/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { describe, expect, test } from '../support/runner.ts'
import { openDatabase, rowsOf } from '../support/sqlite.ts'

const PAGE = 4096
/** The maximum size of the write-ahead log: SQLite makes a checkpoint after a thousand pages. */
const LONGEST_LOG = 1100 * PAGE
/** The number of batches. Each writes at least three pages to the log. */
const BATCHES = 420
/** The nonces in a batch, which is a row of 6 KiB. */
const BATCH = 512
const NOW = 1_700_000_000

let count = 0
async function recordMany(nonces: NonceStore): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch++) {
    const all = Array.from({ length: BATCH }, () => ({
      ...{ timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: `n${count++}`, now: NOW },
    }))
    await Promise.all(all.map((nonce) => nonces.record(nonce)))
  }
}

test('the write-ahead log stays short, also after a reader has blocked checkpoints', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const logSize = () => statSync(`${path}-wal`).size
  const { nonces, close } = await openStore({ path, driver: 'own' })
  await recordMany(nonces)
  expect(logSize()).toBeLessThan(LONGEST_LOG)
  const reader = openDatabase(path)
  reader.exec('begin')
  rowsOf(reader, 'select count(*) from mac_nonce_log')
  await recordMany(nonces)
  const longest = logSize()
  expect(longest).toBeGreaterThan(LONGEST_LOG)
  reader.exec('commit')
  reader.close()
  await recordMany(nonces)
  expect(logSize()).toBeLessThan(longest + 100 * PAGE)
  await close()
  expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
})

describe('a process that has written much', () => {
  test.each([['close'], ['nothing'], ['exit']])(
    'ends by itself, if its last call is %s',
    async (last) => {
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
      expect(rowsOf(after, 'select total(length(entries)) / 12 from mac_nonce_log')).toEqual([
        [6400],
      ])
      after.close()
    },
  )
})
