import { partsOf } from '../../src/create-mac.ts'
import { createMac, MacError, type MacReport } from '../../src/index.ts'
import { RecentRejections } from '../../src/server/recent-rejections.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { type Key, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a?b=c'

function start() {
  const clock = new Clock()
  const reports: MacReport[] = []
  const mac = createMac({
    ...{ database: 'sqlite::memory:', now: clock.now },
    onReject: (_, __, report) => reports.push(report),
  })
  const { rejections } = partsOf(mac)
  const send = (request: Request) => outcome(mac.withMac(() => new Response())(request))
  const sign = (key: Key, signing: Signing = {}) =>
    signed(key, URL, { ts: clock.seconds, ...signing })
  return { clock, mac, rejections, reports, send, sign }
}

test('nothing is kept before somebody watches', async () => {
  const { mac, rejections, send } = start()
  await send(new Request(URL))
  rejections.watch()
  expect(rejections.newest(10)).toEqual([])
  await send(new Request(URL))
  expect(rejections.newest(10)).toHaveLength(1)
  await mac.close()
})

test('before somebody watches, a rejected request is not read for a report', async () => {
  const { mac, rejections, send, sign } = start()
  const ada = await mac.createCredential('ada')
  const reads = async () => {
    const request = sign({ ...ada, key: 'wrong' })
    let count = 0
    const { headers } = request
    const get = headers.get.bind(headers)
    headers.get = (name) => {
      count++
      return get(name)
    }
    await send(request)
    return count
  }
  const unwatched = await reads()
  rejections.watch()
  expect(await reads()).toBeGreaterThan(unwatched)
  await mac.close()
})

test('of an error neither the cause nor a long message is kept', () => {
  const rejections = new RecentRejections()
  const seen = { reference: 'a', code: 'ERR_MAC_CALLBACK', method: 'GET', url: URL, headers: {} }
  const report = { reference: 'a', toJSON: () => seen, explain: async () => null }
  const cause = { request: new Request(URL) }
  rejections.add(new MacError('ERR_MAC_CALLBACK', 'x'.repeat(9000), { cause }), report, null)
  const [kept] = rejections.newest(1)
  expect(kept?.error).toEqual({ code: 'ERR_MAC_CALLBACK', status: 503, message: 'x'.repeat(2000) })
})

test('a rejection has its time, error, method, path and identifier, and is found by its reference', async () => {
  const { mac, clock, rejections, reports, send, sign } = start()
  rejections.watch()
  const ada = await mac.createCredential('ada')
  await send(sign({ ...ada, key: 'wrong' }))
  await send(new Request(URL, { method: 'POST', headers: { authorization: 'MAC nonsense' } }))
  const [second, first] = rejections.newest(10)
  expect(first).toMatchObject({
    ...{ at: new Date(clock.seconds * 1000), method: 'GET', path: '/a', id: ada.id },
    error: { code: 'ERR_MAC_MISMATCH' },
  })
  expect(second).toMatchObject({ method: 'POST', path: '/a', id: null })
  expect(rejections.newest(1)).toEqual([second as never])
  expect(first?.report.toJSON()).toEqual(reports[0]?.toJSON() as never)
  expect(rejections.find(reports[0]?.reference ?? '')).toBe(first as never)
  expect(rejections.find('another')).toBeNull()
  const explanation = await first?.report.explain()
  expect(JSON.stringify(explanation)).toBe(JSON.stringify(await reports[0]?.explain()))
  await mac.close()
})

test('a kept rejection does not hold its request', async () => {
  const { mac, rejections, reports, sign } = start()
  rejections.watch()
  const requests: WeakRef<Request>[] = []
  const app = mac.withMac(() => new Response())
  for (let at = 0; at < 20; at++) {
    const request = sign({ id: `nobody-${at}`, key: 'k' })
    requests.push(new WeakRef(request))
    await app(request)
  }
  const gc = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun?.gc
  if (gc === undefined) return
  // Reports that the application keeps hold their requests.
  reports.length = 0
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    gc(true)
  }
  expect(rejections.newest(100)).toHaveLength(20)
  expect(requests.filter((held) => held.deref() !== undefined).length).toBeLessThan(10)
  await mac.close()
})

function report(reference: string, url: string): MacReport {
  const seen = { reference, code: 'ERR_MAC_MISSING', method: 'GET', url, headers: {} }
  return { reference, toJSON: () => seen, explain: async () => null }
}

test('at most 500 rejections are kept, the newest', () => {
  const rejections = new RecentRejections()
  const error = new MacError('ERR_MAC_MISSING')
  for (let at = 0; at < 1200; at++) rejections.add(error, report(`r${at}`, URL), null)
  const kept = rejections.newest(10_000)
  expect(kept).toHaveLength(500)
  expect([kept[0]?.report.reference, kept[499]?.report.reference]).toEqual(['r1199', 'r700'])
  expect(rejections.find('r699')).toBeNull()
})

test('rejections keep at most two million characters, and none that is very large', () => {
  const rejections = new RecentRejections()
  const error = new MacError('ERR_MAC_MISSING')
  const long = `http://example.com/${'a'.repeat(49_900)}`
  for (let at = 0; at < 200; at++) rejections.add(error, report(`r${at}`, long), null)
  expect(rejections.newest(500)).toHaveLength(40)
  rejections.add(error, report('large', `${long}${long}`), null)
  expect(rejections.find('large')).toBeNull()
  expect(rejections.newest(500)).toHaveLength(40)
})
