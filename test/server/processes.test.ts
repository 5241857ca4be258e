import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { authorization, type Key } from '../support/sign.ts'
import { type ServerProcess, startServer } from '../support/start-server.ts'

/** All requests are signed for this origin, whichever server gets them. */
const ORIGIN = 'http://api.example.com'

function header(key: Key): string {
  return authorization(key, `${ORIGIN}/a`)
}

function send(url: string, authorization: string): Promise<string> {
  return outcome(fetch(`${url}/a`, { headers: { authorization } }))
}

/** Starts a server for that origin, in its own process. */
function start(path: string): Promise<ServerProcess> {
  return startServer({ database: `sqlite:${path}`, origin: ORIGIN })
}

/** Makes a database file with one credential. @returns The credential. */
async function prepare(path: string): Promise<Key> {
  const mac = createMac({ database: `sqlite:${path}` })
  const ada = await mac.createCredential('ada')
  await mac.close()
  return ada
}

test('of 64 copies sent to two processes at once, exactly one is accepted', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const ada = await prepare(path)
  await using one = await start(path)
  await using two = await start(path)
  for (let round = 0; round < 5; round++) {
    const copy = header(ada)
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, at) => send(at % 2 === 0 ? one.url : two.url, copy)),
    )
    const expected = ['200', ...Array<string>(63).fill('401 ERR_MAC_REPLAY')]
    expect(answers.toSorted()).toEqual(expected)
  }
  expect(await nonceRows(path)).toBe(5)
}, 180_000)

test('after kill -9 under load, no request that was answered is accepted again', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const ada = await prepare(path)
  const accepted: string[] = []
  const before = await start(path)
  let killing: Promise<void> | null = null
  const load = async () => {
    for (;;) {
      const authorization = header(ada)
      const answer = await send(before.url, authorization).catch(() => null)
      if (answer === null) return
      expect(answer).toBe('200')
      accepted.push(authorization)
      if (accepted.length === 200) killing = before.kill()
    }
  }
  await Promise.all(Array.from({ length: 8 }, load))
  await killing
  expect(accepted.length).toBeGreaterThanOrEqual(200)
  await using after = await start(path)
  const again = await Promise.all(accepted.map((authorization) => send(after.url, authorization)))
  expect(new Set(again)).toEqual(new Set(['401 ERR_MAC_REPLAY']))
  expect(await send(after.url, header(ada))).toBe('200')
}, 180_000)

test('a flood of 10,000 requests with wrong MACs writes no row', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const ada = await prepare(path)
  await using server = await start(path)
  expect(await send(server.url, header(ada))).toBe('200')
  const rows = await nonceRows(path)
  expect(rows).toBe(1)
  const wrong = { id: ada.id, key: 'a wrong key' }
  let left = 10_000
  const answers = new Set<string>()
  const flood = async () => {
    while (left-- > 0) {
      const key = left % 2 === 0 ? wrong : { id: `made-up-${left}`, key: 'a key' }
      answers.add(await send(server.url, header(key)))
    }
  }
  await Promise.all(Array.from({ length: 64 }, flood))
  expect([...answers]).toEqual(['401 ERR_MAC_REJECTED'])
  expect(await nonceRows(path)).toBe(rows)
  expect(await send(server.url, header(ada))).toBe('200')
}, 180_000)
