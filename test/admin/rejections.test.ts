import type { Rejection } from '../../src/server/recent-rejections.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { type Visitor, visitor } from './visitor.ts'

/** Rejected requests of a server with an origin: a wrong port, a wrong key, and no header. The last is first. */
async function start(): Promise<{ readonly kept: readonly Rejection[]; readonly page: Visitor }> {
  const page = visitor()
  const { mac, clock, data } = page
  const { key } = await mac.createCredential('ada', { id: 'x' })
  const app = mac.withMac(() => new Response(), { origin: 'https://api.example.com' })
  const signing = { ts: clock.seconds }
  await app(signed({ id: 'x', key }, 'http://api.example.com/orders', signing))
  await app(signed({ id: 'x', key: 'wrong' }, 'https://api.example.com/<b>', signing))
  await app(new Request('https://api.example.com/nothing'))
  return { kept: data.rejections(10), page }
}

test('the newest rejections have their codes and references, and lead to their explanations', async () => {
  const { kept, page } = await start()
  const { text } = await page.get('/admin/rejections')
  expect([...text.matchAll(/<code>(ERR_MAC_\w+)</g)].map(([, code]) => code)).toEqual([
    ...['ERR_MAC_MISSING', 'ERR_MAC_MISMATCH', 'ERR_MAC_MISMATCH'],
  ])
  for (const { report } of kept) {
    expect(text).toContain(`href="/admin/rejection?reference=${report.reference}"`)
  }
  expect(text).toContain('GET /%3Cb%3E')
})

test('one rejection is explained line by line, with what to change', async () => {
  const { kept, page } = await start()
  const { status, text } = await page.get(`/admin/rejection?reference=${kept[2]?.report.reference}`)
  expect(status).toBe(200)
  expect(text).toContain('The client signed port 80, not 443.')
  expect(text).toContain('What to change')
  const lines = [...text.matchAll(/<strong>(timestamp|nonce|method|request-URI|host|port|ext)</g)]
  expect(lines).toHaveLength(7)
  expect(text.match(/>Differs</g)).toHaveLength(1)
  expect(text).toMatch(/<strong>port<.*?<bdi>443<.*?<bdi>80<.*?Differs/s)
})

test('the page shows no MAC', async () => {
  const { kept, page } = await start()
  for (const { report } of kept) {
    const { text } = await page.get(`/admin/rejection?reference=${report.reference}`)
    const [, mac] = /mac="([^"]*)"/.exec(report.toJSON().headers.authorization ?? '') ?? []
    if (mac !== undefined) expect(text).not.toContain(mac)
    expect(text).not.toContain('mac=&quot;')
  }
})

test('a reference leads to its rejection', async () => {
  const { kept, page } = await start()
  const reference = kept[1]?.report.reference
  const { status, headers } = await page.get(`/admin/rejections?reference=%20${reference}%20`)
  expect([status, headers.get('location')]).toEqual([
    303,
    `/admin/rejection?reference=${reference}`,
  ])
})

test('a reference that is not kept is answered with what to do', async () => {
  const { page } = await start()
  const searched = await page.get('/admin/rejections?reference=000000000000')
  expect(searched.status).toBe(200)
  expect(searched.text).toContain('There is no rejected request with this reference.')
  const linked = await page.get('/admin/rejection?reference=000000000000')
  expect(linked.status).toBe(404)
  expect(linked.text).toContain('This rejection is no longer kept')
})

test('the list shows only the beginning of a long path', async () => {
  const page = visitor()
  const app = page.mac.withMac(() => new Response())
  await app(new Request(`https://api.example.com/${"'".repeat(15_000)}`))
  const { text } = await page.get('/admin/rejections')
  expect(text).toContain(`GET /${'&#39;'.repeat(190)}`)
  expect(text).not.toContain('&#39;'.repeat(201))
})

test('an empty list says what to do', async () => {
  const { text } = await visitor().get('/admin/rejections')
  expect(text).toContain('No request was rejected since this page was mounted.')
})
