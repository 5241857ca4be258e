import { renameSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Served, serve } from '../support/serve.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

/** Sends requests until one is not accepted: the server checks the file once a second. */
async function untilNoticed(server: Served): Promise<string> {
  const end = performance.now() + 5000
  for (;;) {
    const answer = await server.send(KEY)
    if (answer !== '200' || performance.now() > end) return answer
    await sleep(100)
  }
}

function deleteAt(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

async function createAt(path: string): Promise<void> {
  const mac = createMac({ database: `sqlite:${path}` })
  await mac.createCredential('ada', KEY)
  await mac.close()
}

describe('a database file that was', () => {
  const losses: readonly [string, (path: string) => unknown][] = [
    ['deleted', deleteAt],
    [
      'replaced',
      async (path) => {
        deleteAt(path)
        await createAt(path)
      },
    ],
  ]

  test.each(losses)(
    '%s while it was open gives a 503 from then on',
    async (_, lose) => {
      using folder = temporaryFolder()
      const path = folder.path('mac.db')
      await createAt(path)
      await using server = await serve(`sqlite:${path}`)
      expect(await server.send(KEY)).toBe('200')
      await lose(path)
      expect(await untilNoticed(server)).toBe('503 ERR_MAC_STORE')
      expect(server.rejections[0]?.message).toContain(`${path} was deleted or replaced`)
      expect(await server.send(KEY)).toBe('503 ERR_MAC_STORE')
      expect(await server.sendAnonymous()).toBe('200')
      await expect(server.mac.createCredential('eve')).rejects.toMatchObject({
        code: 'ERR_MAC_STORE',
      })
      await createAt(folder.path('another.db'))
      await using restarted = await serve(`sqlite:${folder.path('another.db')}`)
      expect(await restarted.send(KEY)).toBe('200')
    },
    180_000,
  )

  test('open when its write-ahead log was deleted gives a 503', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    await createAt(path)
    await using server = await serve(`sqlite:${path}`)
    expect(await server.send(KEY)).toBe('200')
    await sleep(1100)
    expect(await server.send(KEY)).toBe('200')
    rmSync(`${path}-wal`)
    expect(await untilNoticed(server)).toBe('503 ERR_MAC_STORE')
    expect(server.rejections[0]?.message).toContain(`${path}-wal of the database was deleted`)
  }, 180_000)

  test('moved away and back is used again', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    await createAt(path)
    await using server = await serve(`sqlite:${path}`)
    const before = server.sign(KEY)
    expect(await server.sendHeader(before)).toBe('200')
    renameSync(path, `${path}.away`)
    expect(await untilNoticed(server)).toBe('503 ERR_MAC_STORE')
    renameSync(`${path}.away`, path)
    expect(await server.send(KEY)).toBe('200')
    expect(await server.sendHeader(before)).toBe('401 ERR_MAC_REPLAY')
  }, 180_000)
})
