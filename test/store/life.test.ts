import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { startServer } from '../support/start-server.ts'

const URL = 'http://example.com/a'

describe('ready', () => {
  test('opens the database, and can be called many times at once', async () => {
    using folder = temporaryFolder()
    const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
    await Promise.all(Array.from({ length: 10 }, () => mac.ready()))
    expect(existsSync(folder.path('mac.db'))).toBe(true)
    await mac.close()
  })

  test('rejects if the database cannot be opened, and tries again with the next call', async () => {
    using folder = temporaryFolder()
    const mac = createMac({ database: `sqlite:${folder.path('later/mac.db')}` })
    const failed = await Promise.allSettled([mac.ready(), mac.ready()])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    mkdirSync(folder.path('later'))
    await mac.ready()
    await mac.close()
  })
})

describe('close', () => {
  test('leaves one file that contains everything', async () => {
    using folder = temporaryFolder()
    const database = `sqlite:${folder.path('mac.db')}`
    const mac = createMac({ database })
    const ada = await mac.createCredential('ada')
    expect(await outcome(mac.withMac(() => new Response())(signed(ada, URL)))).toBe('200')
    await mac.close()
    expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
    const after = createMac({ database })
    expect((await after.getCredential(ada.id))?.user).toBe('ada')
    await after.close()
  })

  test('makes later calls reject with ERR_MAC_CLOSED, and requests get a 503', async () => {
    const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
    const ada = await mac.createCredential('ada')
    await mac.close()
    const app = mac.withMac(() => new Response())
    expect(await outcome(app(signed(ada, URL)))).toBe('503 ERR_MAC_CLOSED')
    expect(await outcome(app(new Request(URL)))).toBe('401 ERR_MAC_MISSING')
    const calls: (() => Promise<unknown>)[] = [
      () => mac.createCredential('eve'),
      () => mac.getCredential(ada.id),
      () => mac.listCredentials(),
      () => mac.revokeCredential(ada.id),
      () => mac.deleteCredential(ada.id),
      () => mac.resetClockOffset(ada.id),
      () => mac.prune(),
      () => mac.ready(),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_MAC_CLOSED', status: 503 })
    }
  })

  test('can be called twice, before or during the opening, and after a failed opening', async () => {
    using folder = temporaryFolder()
    const twice = createMac({ database: 'sqlite::memory:' })
    await twice.ready()
    await twice.close()
    await twice.close()
    const path = folder.path('mac.db')
    await createMac({ database: `sqlite:${path}` }).close()
    expect(existsSync(path)).toBe(false)
    const during = createMac({ database: `sqlite:${path}` })
    const opening = during.ready().catch((error) => error.code)
    await during.close()
    expect(await opening).toBe('ERR_MAC_CLOSED')
    expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
    const failed = createMac({ database: `sqlite:${folder.path('none/mac.db')}` })
    await expect(failed.ready()).rejects.toThrow()
    await failed.close()
  })

  test('resolves for every caller when the database is closed', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const mac = createMac({ database: `sqlite:${path}` })
    await mac.createCredential('ada')
    mac.close().catch(() => {})
    await mac.close()
    expect(readdirSync(folder.path('.'))).toEqual(['mac.db'])
  })

  test('under load, lets each request end with 200 or 503', async () => {
    using folder = temporaryFolder()
    const mac = createMac({ database: `sqlite:${folder.path('mac.db')}`, onReject: () => {} })
    const ada = await mac.createCredential('ada')
    const app = mac.withMac(() => new Response())
    const answers = Array.from({ length: 32 }, () => outcome(app(signed(ada, URL))))
    await answers[0]
    await mac.close()
    for (const answer of await Promise.all(answers)) {
      expect(['200', '503 ERR_MAC_STORE', '503 ERR_MAC_CLOSED']).toContain(answer)
    }
  })
})

test('two processes on one file see at once what the other has written', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database, onReject: () => {} })
  await mac.ready()
  await using server = await startServer({ database })
  const url = `${server.url}/`
  const request = (key: { id: string; key: string }) => {
    const made = signed(key, url)
    return [made, new Request(made), new Request(made)] as const
  }
  const here = mac.withMac(() => new Response())
  const ada = await mac.createCredential('ada')
  const [first, again, once] = request(ada)
  expect(await outcome(fetch(first))).toBe('200')
  expect(await outcome(here(again))).toBe('401 ERR_MAC_REPLAY')
  const [second, repeated] = request(ada)
  expect(await outcome(here(second))).toBe('200')
  expect(await outcome(fetch(repeated))).toBe('401 ERR_MAC_REPLAY')
  await mac.revokeCredential(ada.id)
  expect(await outcome(fetch(request(ada)[0]))).toBe('401 ERR_MAC_REJECTED')
  await mac.deleteCredential(ada.id)
  expect(await outcome(fetch(request(ada)[0]))).toBe('401 ERR_MAC_REJECTED')
  await mac.createCredential('ada', { id: ada.id, key: ada.key })
  expect(await outcome(fetch(once))).toBe('401 ERR_MAC_REPLAY')
  expect(await outcome(fetch(request(ada)[0]))).toBe('200')
  await mac.close()
}, 180_000)
