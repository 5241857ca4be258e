import { createMac, type WithMacOptions } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
const PUBLIC = 'https://api.example.com/a?b=1'
const INSIDE = 'http://10.0.0.5:3000/a?b=1'
const FORWARDED = { forwarded: 'for=192.0.2.1;proto=https;host=api.example.com' }
const X = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example.com' }

type TrustProxy = WithMacOptions['trustProxy']

/** @returns The outcome for a request that was signed for `signed` and that a proxy forwards to `url`. */
function passOn(
  trustProxy: TrustProxy,
  fields: Record<string, string>,
  signed = PUBLIC,
  url = INSIDE,
) {
  const headers = { authorization: authorization(ada, signed), ...fields }
  const app = mac.withMac(() => new Response(), { trustProxy })
  return outcome(app(new Request(url, { headers })))
}

describe('without trustProxy', () => {
  test.each([[undefined], [false]] as const)('%p: forwarded fields change nothing', async (off) => {
    for (const fields of [FORWARDED, X, { ...FORWARDED, ...X }, { 'x-forwarded-port': '444' }]) {
      expect(await passOn(off, fields)).toBe('401 ERR_MAC_REJECTED')
      expect(await passOn(off, fields, INSIDE)).toBe('200')
    }
    expect(await passOn(off, { forwarded: '"', 'x-forwarded-proto': '"' }, INSIDE)).toBe('200')
  })
})

describe('with trustProxy', () => {
  test('both kinds of header fields are read if it is true', async () => {
    expect(await passOn(true, FORWARDED)).toBe('200')
    expect(await passOn(true, X)).toBe('200')
    expect(await passOn(true, { ...FORWARDED, ...X })).toBe('200')
  })

  test('only one kind of header fields is read if it names that kind', async () => {
    expect(await passOn('forwarded', FORWARDED)).toBe('200')
    expect(await passOn('forwarded', X)).toBe('401 ERR_MAC_REJECTED')
    expect(await passOn('x-forwarded', X)).toBe('200')
    expect(await passOn('x-forwarded', FORWARDED)).toBe('401 ERR_MAC_REJECTED')
  })

  test('the field X-Forwarded-Port is used', async () => {
    const fields = { ...X, 'x-forwarded-port': '8443' }
    expect(await passOn(true, fields, 'https://api.example.com:8443/a?b=1')).toBe('200')
    expect(await passOn(true, fields)).toBe('401 ERR_MAC_REJECTED')
  })

  test('the URL of the request is used for what is not forwarded', async () => {
    expect(await passOn(true, {}, INSIDE)).toBe('200')
    const fields = { host: 'api.example.com', 'x-forwarded-proto': 'https' }
    expect(await passOn(true, fields, PUBLIC, 'http://api.example.com/a?b=1')).toBe('200')
  })

  test('wss and ws are read as https and http, for the request that opens a WebSocket', async () => {
    expect(await passOn(true, { ...X, 'x-forwarded-proto': 'wss' })).toBe('200')
    expect(await passOn(true, { forwarded: 'proto=wss;host=api.example.com' })).toBe('200')
    expect(await passOn(true, { ...X, forwarded: 'proto=wss' })).toBe('200')
    expect(await passOn(true, { ...X, forwarded: 'proto=ws' })).toBe('401 ERR_MAC_FORWARDED')
    const plain = { ...X, 'x-forwarded-proto': 'ws' }
    expect(await passOn(true, plain, 'http://api.example.com/a?b=1')).toBe('200')
  })

  test('a request is rejected if the fields contradict one another', async () => {
    const both = { ...FORWARDED, ...X, 'x-forwarded-host': 'evil.example' }
    expect(await passOn(true, both)).toBe('401 ERR_MAC_FORWARDED')
    const twice = { ...X, 'x-forwarded-host': 'evil.example, api.example.com' }
    expect(await passOn(true, twice)).toBe('401 ERR_MAC_FORWARDED')
  })

  test.each([
    [{ 'x-forwarded-proto': 'ftp' }],
    [{ 'x-forwarded-proto': '' }],
    [{ forwarded: 'proto=https;proto=http' }],
    [{ forwarded: 'proto' }],
  ])('a request is rejected if a field is malformed: %j', async (fields) => {
    expect(await passOn(true, fields, INSIDE)).toBe('401 ERR_MAC_FORWARDED')
  })
})

test('a handler inherits trustProxy from createMac', async () => {
  const trusting = createMac({ database: 'sqlite::memory:', trustProxy: true })
  const eve = await trusting.createCredential('eve')
  const request = () =>
    new Request(INSIDE, { headers: { authorization: authorization(eve, PUBLIC), ...X } })
  const handler = () => new Response()
  expect(await outcome(trusting.withMac(handler)(request()))).toBe('200')
  const own = trusting.withMac(handler, { trustProxy: false })
  expect(await outcome(own(request()))).toBe('401 ERR_MAC_REJECTED')
})
