import { createMac } from '../../src/index.ts'
import { signedRequest } from '../../src/testing/index.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'

const URL = 'https://api.example.com/orders?a=1'
const mac = createMac({ database: 'sqlite::memory:' })
const credential = await mac.createCredential('ada', { algorithm: 'hmac-sha-1' })
const app = mac.withMac(async (request) => new Response(await request.text()))

test('signedRequest returns a request that is accepted, each time it is called', async () => {
  for (const url of [URL, new globalThis.URL(URL)]) {
    expect(await outcome(app(await signedRequest(url, { credential })))).toBe('200')
  }
})

test('signedRequest passes the other options to new Request', async () => {
  const init = { method: 'PUT', body: 'hello', headers: { 'x-mine': 'b' } }
  const request = await signedRequest(URL, { credential, ...init })
  expect([request.url, request.method, request.headers.get('x-mine')]).toEqual([URL, 'PUT', 'b'])
  expect(await (await app(request)).text()).toBe('hello')
})

test('signedRequest removes the fragment, as fetch does', async () => {
  for (const url of [`${URL}#top`, `${URL}#`, new globalThis.URL(`${URL}#a#b`)]) {
    const request = await signedRequest(url, { credential })
    expect(request.url).toBe(URL)
    expect(await outcome(app(request))).toBe('200')
  }
})

test('signedRequest signs with the time of the option now', async () => {
  const now = () => Date.now() / 1000 - 1000
  const request = await signedRequest(URL, { credential, now })
  expect(await outcome(app(request))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
})

test('a request with another key, or with a changed target, is rejected', async () => {
  const wrongKey = { ...credential, key: 'another' }
  const other = await signedRequest(URL, { credential: wrongKey })
  expect(await outcome(app(other))).toBe('401 ERR_MAC_REJECTED')
  const { headers } = await signedRequest(URL, { credential })
  const moved = new Request(`${URL}&b=2`, { headers })
  expect(await outcome(app(moved))).toBe('401 ERR_MAC_REJECTED')
})

test('signedRequest rejects without a credential', async () => {
  await expect(signedRequest(URL, {} as never)).rejects.toThrow(TypeError)
})
