import { createHash } from 'node:crypto'
import { MacError, type SignOptions, signHeaders, signRequest } from '../../src/client/index.ts'
import { createMac } from '../../src/index.ts'
import { parseAuthorization } from '../../src/protocol/authorization.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const KEY = { id: 'ada-id', key: 'ada-a-key-that-holds-128-bits' }
const FIXED: SignOptions = { now: () => 1_700_000_000.9, nonce: () => 'once' }
const url = 'https://api.example.com:8443/orders?a=1'
const by = (signing: object) =>
  authorization(KEY, url, { ts: 1_700_000_000, nonce: 'once', ...signing })

test('signRequest changes only the Authorization of a request', async () => {
  const given = new Request(url, {
    method: 'POST',
    headers: { 'user-agent': 'mine/1', 'x-mine': '1', 'content-type': 'text/x' },
    body: 'hello',
  })
  const signed = await signRequest(given, KEY, FIXED)
  expect(signed).not.toBe(given)
  expect(given.headers.has('authorization')).toBe(false)
  expect([signed.method, signed.url]).toEqual(['POST', url])
  expect(signed.headers.get('authorization')).toBe(by({ method: 'POST' }))
  expect(signed.headers.get('user-agent')).toBe('mine/1')
  expect(signed.headers.get('x-mine')).toBe('1')
  expect(signed.headers.get('content-type')).toBe('text/x')
  expect(await signed.text()).toBe('hello')
})

test('signRequest signs a signed request again', async () => {
  const once = await signRequest(new Request(url), KEY)
  const twice = await signRequest(once, KEY)
  const nonces = [once, twice].map(
    ({ headers }) => parseAuthorization(headers.get('authorization'))?.nonce,
  )
  expect(new Set(nonces).size).toBe(2)
})

test.each([
  ['a string', 'a,b,c'],
  [
    'a function of the request',
    ({ method, url }: { method: string; url: string }) => `${method} ${url}`,
  ],
])('ext may be %s', async (_, ext) => {
  const signed = await signRequest(new Request(url), KEY, { ...FIXED, ext })
  const value = typeof ext === 'string' ? ext : `GET ${url}`
  expect(signed.headers.get('authorization')).toBe(by({ ext: value }))
})

test.each([
  ['a body', 'hello', undefined],
  ['an empty body', '', undefined],
  ['no body', null, undefined],
  ['a body besides an ext of the application', 'hello', 'a,b'],
])('with the option body, the MAC covers %s', async (_, body, ext) => {
  const digest = createHash('sha256')
    .update(body ?? '')
    .digest('base64')
  const expected = `sha-256=:${digest}:${ext === undefined ? '' : ` ${ext}`}`
  const given = new Request(url, { method: 'POST', body })
  const signed = await signRequest(given, KEY, { ...FIXED, body: true, ext })
  expect(signed.headers.get('authorization')).toBe(by({ method: 'POST', ext: expected }))
  expect(await signed.text()).toBe(body ?? '')
  const bound = { method: 'POST', url, body, ...(ext === undefined ? {} : { ext }) }
  expect(signHeaders(bound, KEY, FIXED).authorization).toBe(by({ method: 'POST', ext: expected }))
})

test('clockOffset is added to the clock', async () => {
  const late = { ...FIXED, now: () => 1_699_999_000.9, clockOffset: 1000 }
  const signed = await signRequest(new Request(url), KEY, late)
  expect(signed.headers.get('authorization')).toBe(by({}))
  expect(signHeaders({ url }, KEY, late).authorization).toBe(by({}))
})

test('signHeaders signs the given target, for clients other than fetch', async () => {
  const headers = signHeaders({ url, target: '//a^b?' }, KEY, FIXED)
  expect(headers.authorization).toBe(by({ target: '//a^b?' }))
  expect(() => signHeaders({ url, target: 'a b' }, KEY)).toThrow(MacError)
})

test('signHeaders uses hmac-sha-1 if the credential says so', () => {
  const old = { ...KEY, algorithm: 'hmac-sha-1' } as const
  expect(signHeaders({ url }, old, FIXED).authorization).toBe(
    authorization(old, url, { ts: 1_700_000_000, nonce: 'once' }),
  )
})

test('a signed request is accepted once', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const credential = await mac.createCredential('ada')
  const signed = await signRequest(new Request(url), credential)
  expect(await mac.verify(signed.clone())).toMatchObject({ ok: true, identity: { user: 'ada' } })
  expect(await mac.verify(signed)).toMatchObject({ ok: false, error: { code: 'ERR_MAC_REPLAY' } })
  await mac.close()
})

test.each([
  ['an Authorization of another scheme', { authorization: 'Bearer x' }, 'another scheme'],
  ['a Host that is not the one of the URL', { host: 'other.example' }, 'Host header says'],
])('signRequest rejects a request with %s', async (_, headers, reason) => {
  const request = new Request(url, { headers })
  // Most runtimes drop a Host that is set.
  if (!request.headers.has(Object.keys(headers)[0] ?? '')) return
  await expect(signRequest(request, KEY)).rejects.toThrow(reason)
  await expect(signRequest(request, KEY)).rejects.toMatchObject({ code: 'ERR_MAC_CLIENT_HEADER' })
})

test.each([
  ['no credential', undefined, {}, 'the credential must be an object'],
  ['no key', { id: 'a' }, {}, 'credential.key must be a string'],
  ['an empty identifier', { id: '', key: 'k' }, {}, 'credential.id must be a string'],
  ['an identifier with a quote', { id: 'a"', key: 'k' }, {}, 'credential.id holds a double quote'],
  ['a key with a line feed', { id: 'a', key: 'k\n' }, {}, 'credential.key holds a character'],
  ['an unknown algorithm', { ...KEY, algorithm: 'sha256' }, {}, 'hmac-sha-256 or hmac-sha-1'],
  ['an unknown option', KEY, { windowSeconds: 1 }, 'there is no option windowSeconds'],
  ['a clock in milliseconds', KEY, { now: Date.now }, 'is not a time in seconds'],
  ['a clock without a number', KEY, { now: () => Number.NaN }, 'is not a time in seconds'],
  [
    'an offset that is not a number',
    KEY,
    { clockOffset: Number.NaN },
    'clockOffset must be a number',
  ],
])(
  'signRequest rejects %s with a TypeError that says what is wrong',
  async (_, credential, options, reason) => {
    const attempt = signRequest(new Request(url), credential as typeof KEY, options as SignOptions)
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain(reason)
  },
)

test.each([
  ['ext', { ext: 'a\nb' }],
  ['nonce', { nonce: () => 'a"b' }],
])('signRequest rejects a character that cannot be sent in %s', async (name, options) => {
  const attempt = signRequest(new Request(url), KEY, options)
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_MAC_HEADER_CHARACTER' })
  await expect(attempt).rejects.toThrow(name)
})
