import { createMac, getMac, getMacError } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const preflightHeaders = { 'access-control-request-method': 'PUT', origin: 'https://app.example' }
const preflight = () => new Request(URL, { method: 'OPTIONS', headers: preflightHeaders })
const handler = (request: Request) =>
  new Response(JSON.stringify([getMac(request), getMacError(request)]))

test('a preflight is rejected unless the option allows it', async () => {
  expect(await outcome(mac.withMac(handler)(preflight()))).toBe('401 ERR_MAC_MISSING')
  const never = mac.withMac(handler, { allowPreflight: false })
  expect(await outcome(never(preflight()))).toBe('401 ERR_MAC_MISSING')
})

test('an allowed preflight reaches the handler as an anonymous request', async () => {
  const app = mac.withMac(handler, { allowPreflight: true })
  const answer = await app(preflight())
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual([null, null])
})

test.each([
  ['OPTIONS without Access-Control-Request-Method', 'OPTIONS', { origin: 'https://app.example' }],
  ['another method with it', 'GET', preflightHeaders],
  ['a POST with it', 'POST', preflightHeaders],
])('%s is not a preflight, and is rejected', async (_, method, headers) => {
  const app = mac.withMac(handler, { allowPreflight: true })
  const request = new Request(URL, { method, headers })
  expect(await outcome(app(request))).toBe('401 ERR_MAC_MISSING')
})

test('the Authorization header of an allowed preflight is ignored', async () => {
  const app = mac.withMac(handler, { allowPreflight: true })
  const headers = { ...preflightHeaders, authorization: 'MAC id="a"' }
  const answer = await app(new Request(URL, { method: 'OPTIONS', headers }))
  expect(await answer.json()).toEqual([null, null])
})
