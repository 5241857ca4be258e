import { partsOf } from '../../src/create-mac.ts'
import { createMac, type MacOptions, type WithMacOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { databaseContent } from '../support/database-content.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { type Key, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'

/** Starts a server with a clock, and reads its traffic. */
function start(options: MacOptions = {}) {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, onReject() {}, ...options })
  const send = (request: Request, withOptions: WithMacOptions = {}) =>
    outcome(mac.withMac(() => new Response(), withOptions)(request))
  return {
    ...{ clock, mac, send },
    sign: (key: Key, signing: Signing = {}) => signed(key, URL, { ts: clock.seconds, ...signing }),
    /** Returns how many requests had each result in this hour. */
    async traffic(id: string | null) {
      const store = await partsOf(mac).store()
      const counts = await store.traffic(clock.seconds, id)
      return Object.fromEntries(
        counts.flatMap(({ unit, code, count }) => (unit === 'hour' ? [[code, count]] : [])),
      )
    },
  }
}

test('each request is counted once, by its final result, for all and for its credential', async () => {
  const { mac, send, sign, traffic } = start()
  const ada = await mac.createCredential('ada', { scopes: ['read'] })
  expect(await send(sign(ada))).toBe('200')
  expect(await send(sign(ada), { scope: 'write' })).toBe('403 ERR_MAC_SCOPE')
  expect(await send(sign(ada, { nonce: 'n' }))).toBe('200')
  expect(await send(sign(ada, { nonce: 'n' }))).toBe('401 ERR_MAC_REPLAY')
  expect(await send(sign(ada, { mac: 'AAAA' }))).toBe('401 ERR_MAC_REJECTED')
  expect((await mac.verify(sign(ada))).ok).toBe(true)
  const own = { accepted: 3, ERR_MAC_SCOPE: 1, ERR_MAC_REPLAY: 1, ERR_MAC_MISMATCH: 1 }
  expect(await traffic(ada.id)).toEqual(own)
  expect(await send(sign({ id: 'nobody', key: 'k' }))).toBe('401 ERR_MAC_REJECTED')
  expect(await send(new Request(URL))).toBe('401 ERR_MAC_MISSING')
  expect(await traffic('nobody')).toEqual({})
  const others = { ERR_MAC_UNKNOWN_IDENTIFIER: 1, ERR_MAC_MISSING: 1 }
  expect(await traffic(null)).toEqual({ ...own, ...others })
  await mac.close()
})

test('the 401s of a credential are as many as its failures', async () => {
  const { mac, clock, send, sign, traffic } = start()
  const ada = await mac.createCredential('ada', { expires: clock.seconds + 10 })
  const rejected = [
    sign(ada, { mac: 'AAAA' }),
    sign(ada, { ts: clock.seconds - 301 }),
    sign(ada, { ts: clock.seconds + 301 }),
    sign({ ...ada, key: 'wrong' }),
  ]
  for (const request of rejected) expect(await send(request)).toMatch(/^401 /)
  await mac.disableCredential(ada.id)
  expect(await send(sign(ada))).toBe('401 ERR_MAC_REJECTED')
  await mac.enableCredential(ada.id)
  clock.seconds += 10
  expect(await send(sign(ada))).toBe('401 ERR_MAC_EXPIRED')
  const own = Object.values(await traffic(ada.id)).reduce((sum, each) => sum + each, 0)
  expect(own).toBe(6)
  expect((await mac.getCredential(ada.id))?.failures).toBe(own)
  await mac.close()
})

test('anonymous requests in the mode optional, and preflights, are not counted', async () => {
  const { mac, send, traffic } = start()
  expect(await send(new Request(URL), { mode: 'optional' })).toBe('200')
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } }
  expect(await send(new Request(URL, preflight), { allowPreflight: true })).toBe('200')
  expect(await traffic(null)).toEqual({})
  await mac.close()
})

test('requests that are rejected before the database is open are counted', async () => {
  const { mac, send, traffic } = start()
  expect(await send(new Request(URL))).toBe('401 ERR_MAC_MISSING')
  expect(await traffic(null)).toEqual({ ERR_MAC_MISSING: 1 })
  await mac.close()
})

test('a flood of rejected requests writes nothing, and the next accepted request one row for each code', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const { mac, send, sign } = start({ database: `sqlite:${path}` })
  const ada = await mac.createCredential('ada')
  const before = databaseContent(path)
  for (let at = 0; at < 200; at++) {
    await send(sign({ id: `nobody-${at}`, key: 'k' }))
    await send(new Request(URL))
  }
  expect(databaseContent(path)).toEqual(before)
  expect(await send(sign(ada))).toBe('200')
  const rows = databaseContent(path).rows.mac_traffic ?? []
  expect(rows.map(([id, seconds, , code, count]) => [id, seconds, code, count])).toEqual([
    ['', 60, 'ERR_MAC_MISSING', 200],
    ['', 60, 'ERR_MAC_UNKNOWN_IDENTIFIER', 200],
    ['', 3600, 'ERR_MAC_MISSING', 200],
    ['', 3600, 'ERR_MAC_UNKNOWN_IDENTIFIER', 200],
  ])
  await mac.close()
})

test('if the clock of the application fails, the request is rejected as before', async () => {
  const { mac, send } = start({
    now: () => {
      throw new Error('no clock')
    },
  })
  expect(await send(new Request(URL))).toBe('401 ERR_MAC_MISSING')
  await mac.close()
})
