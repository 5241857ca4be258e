import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bench, group } from 'mitata'
import { createMac } from 'withmac'
import { freshRequest } from './signed-requests.ts'

/**
 * The whole verification, from a `Request` to the nonce on disk. Signing a fresh request is timed
 * alone as well: it is part of each of the other figures.
 *
 * @returns What to do when the benches have run.
 */
export async function benchVerify(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'withmac-bench-'))
  const memory = createMac({ database: 'sqlite::memory:' })
  const file = createMac({ database: `sqlite:${join(folder, 'mac.db')}` })
  const inMemory = await memory.createCredential('ada')
  const inFile = await file.createCredential('ada')
  for (const [mac, credential] of [
    [memory, inMemory],
    [file, inFile],
  ] as const) {
    const request = freshRequest(credential)
    const copy = new Request(request)
    assert.equal((await mac.verify(request)).ok, true)
    assert.equal((await mac.verify(copy)).ok, false)
  }
  group('verify', () => {
    bench('sign a fresh request (part of the rest)', () => freshRequest(inMemory))
    bench('SQLite in memory', async () => {
      assert.equal((await memory.verify(freshRequest(inMemory))).ok, true)
    })
    bench('SQLite in a file, each nonce synced to disk', async () => {
      assert.equal((await file.verify(freshRequest(inFile))).ok, true)
    })
  })
  return async () => {
    await memory.close()
    await file.close()
    rmSync(folder, { recursive: true })
  }
}
