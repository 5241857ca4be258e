import { createMac } from '../../src/index.ts'
import { hearing } from '../support/hearing.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const handler = () => new Response()

test('a request that lacks a scope is published as rejected, and not as accepted', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada', { scopes: ['orders:read'] })
  using heard = hearing()
  await mac.withMac(handler, { scope: 'orders:write' })(signed(ada, URL))
  expect(heard.rejected).toMatchObject([{ code: 'ERR_MAC_SCOPE', status: 403, id: ada.id }])
  expect(heard.accepted).toEqual([])
  await mac.withMac(handler, { scope: 'orders:read' })(signed(ada, URL))
  expect([heard.rejected.length, heard.accepted.length]).toEqual([1, 1])
})

test('a request above the limit of its credential is published as rejected, with the identifier', async () => {
  const rateLimit = { requests: { requests: 1, seconds: 60 } }
  const mac = createMac({ database: 'sqlite::memory:', rateLimit })
  const ada = await mac.createCredential('ada')
  using heard = hearing()
  for (const _ of 'ab') await mac.withMac(handler)(signed(ada, URL))
  expect(heard.accepted).toHaveLength(1)
  expect(heard.rejected).toMatchObject([{ code: 'ERR_MAC_RATE_LIMITED', status: 429, id: ada.id }])
})

test('rejections because of the failures of an address are published without an identifier', async () => {
  const rateLimit = { failures: { requests: 1, seconds: 60 } }
  const mac = createMac({
    database: 'sqlite::memory:',
    rateLimit,
    clientAddress: () => '192.0.2.1',
  })
  const ada = await mac.createCredential('ada')
  using heard = hearing()
  for (const _ of 'abc') await mac.withMac(handler)(signed(ada, URL, { mac: 'AAAA' }))
  const last = heard.rejected.at(-1)
  expect(last).toMatchObject({ code: 'ERR_MAC_FAILURES_LIMITED', status: 429, id: null })
  expect(heard.rejected).toHaveLength(3)
  await mac.close()
})
