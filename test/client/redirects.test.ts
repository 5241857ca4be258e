import { createMacFetch, type MacFetch } from '../../src/client/index.ts'
import { emptyPayload } from '../../src/client/payload.ts'
import { nextHop } from '../../src/client/redirect.ts'
import { expect, test } from '../support/runner.ts'
import { thrown } from '../support/thrown.ts'
import { byPath, KEY, short, signingServer } from './server.ts'

const macFetch = createMacFetch(KEY)

test.each([
  [301, 'POST', 'GET', ''],
  [302, 'POST', 'GET', ''],
  [303, 'POST', 'GET', ''],
  [303, 'PUT', 'GET', ''],
  [301, 'PUT', 'PUT', 'hello'],
  [302, 'DELETE', 'DELETE', ''],
  [303, 'HEAD', 'HEAD', ''],
  [307, 'POST', 'POST', 'hello'],
  [308, 'PATCH', 'PATCH', 'hello'],
])(
  'a %d after a %s is followed by a %s that is signed again',
  async (status, method, then, body) => {
    await using server = await signingServer(byPath)
    const content = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: 'hello' } : {}
    const response = await macFetch(`${server.url}/${status}/next?a=1`, { method, ...content })
    expect(response.status).toBe(200)
    expect(response.redirected).toBe(true)
    expect(response.url).toBe(`${server.url}/next?a=1`)
    expect(short(server.seen[1] as never)).toBe(`${then} /next?a=1 signed 200 ${body}`.trim())
    const [first, second] = server.seen.map(({ authorization }) => authorization)
    expect(first).not.toBe(second)
    expect(server.seen[1]?.headers.has('content-type')).toBe(
      body !== '' && (server.seen[0]?.headers.has('content-type') ?? false),
    )
  },
)

test('drops the header fields of a body together with the body', async () => {
  await using server = await signingServer(byPath)
  const headers = { 'content-type': 'text/x', 'content-language': 'en', 'x-mine': '1' }
  for (const status of [303, 307]) {
    await macFetch(`${server.url}/${status}/next`, { method: 'POST', headers, body: 'hello' })
  }
  const names = ['content-type', 'content-language', 'x-mine']
  const [, dropped, , kept] = server.seen.map(({ headers }) =>
    names.map((name) => headers.get(name)),
  )
  expect(dropped).toEqual([null, null, '1'])
  expect(kept).toEqual(['text/x', 'en', '1'])
})

test('binds the empty body if a redirect drops the body', async () => {
  await using server = await signingServer(byPath)
  const bound = createMacFetch(KEY, { body: true })
  await bound(`${server.url}/303/next`, { method: 'POST', body: 'hello' })
  expect(server.seen[1]?.authorization).toContain(
    'ext="sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"',
  )
})

test('sends no signature and no cookie to another origin, nor with a redirect back from it', async () => {
  await using home = await signingServer(byPath)
  await using other = await signingServer(byPath)
  const back = encodeURIComponent(`${home.url}/back`)
  const away = encodeURIComponent(`${other.url}/307/${back}`)
  const response = await macFetch(`${home.url}/307/${away}`, {
    method: 'POST',
    body: 'hello',
    headers: { cookie: 'a=b', 'proxy-authorization': 'Basic eA==', 'x-mine': '1' },
  })
  expect(response.status).toBe(401)
  expect(home.seen.map(short).at(-1)).toBe('POST /back unsigned 401 hello')
  for (const { headers } of [other.seen[0], home.seen[1]].filter((seen) => seen !== undefined)) {
    expect(headers.has('authorization')).toBe(false)
    expect(headers.has('cookie')).toBe(false)
    expect(headers.has('proxy-authorization')).toBe(false)
    expect(headers.get('x-mine')).toBe('1')
  }
})

test('redirect manual returns the redirect, and redirect error rejects', async () => {
  await using server = await signingServer(byPath)
  const response = await macFetch(`${server.url}/302/next`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([302, '/next'])
  const request = new Request(`${server.url}/302/next`, { redirect: 'manual' })
  expect((await macFetch(request)).status).toBe(302)
  const attempt = macFetch(`${server.url}/302/next`, { redirect: 'error' })
  await expect(attempt).rejects.toBeInstanceOf(TypeError)
  expect(server.seen.map(short)).toEqual(Array(3).fill('GET /302/next signed 302'))
})

test('rejects an endless redirect after maxRedirects', async () => {
  await using server = await signingServer((request) =>
    request.url.endsWith('/round')
      ? new Response(null, { status: 302, headers: { location: '/round' } })
      : null,
  )
  const attempt = macFetch(`${server.url}/round`)
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_MAC_CLIENT_REDIRECT' })
  expect(server.seen).toHaveLength(21)
  const few = createMacFetch(KEY, { maxRedirects: 2 })
  await expect(few(`${server.url}/round`)).rejects.toThrow('more than 2')
  expect(server.seen).toHaveLength(24)
})

test('returns a 302 without a Location', async () => {
  await using server = await signingServer(() => new Response('', { status: 302 }))
  expect((await macFetch(server.url)).status).toBe(302)
})

test('rejects a redirect that would send a stream again', async () => {
  await using server = await signingServer(byPath)
  const body = new Blob(['hello']).stream()
  const init = { method: 'POST', body, duplex: 'half' }
  const attempt = macFetch(`${server.url}/307/next`, init)
  await expect(attempt).rejects.toThrow('was a stream')
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_MAC_CLIENT_REDIRECT' })
})

test('sends the body of a Request again if it is not too large', async () => {
  await using server = await signingServer(byPath)
  const url = `${server.url}/307/next`
  const post = (body: string) => macFetch(new Request(url, { method: 'POST', body }))
  const small = 'x'.repeat(1_048_576)
  expect(await (await post(small)).text()).toBe(small)
  await expect(post(`${small}x`)).rejects.toThrow('too large to keep')
})

test('forgets the body of a Request after a 303, which is followed without it', async () => {
  let cancelled = false
  const body = new ReadableStream({
    cancel() {
      cancelled = true
    },
  })
  const fetch: MacFetch = async (input) => {
    if (!(input instanceof Request)) return new Response('seen')
    // The stream is cancelled when the copy is dropped as well.
    await Promise.race([input.body?.cancel(), settled()])
    return new Response(null, { status: 303, headers: { location: '/other' } })
  }
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit
  const request = new Request('https://a.example/', init)
  const response = await createMacFetch(KEY, { fetch })(request)
  expect(await response.text()).toBe('seen')
  await settled()
  expect(cancelled).toBe(true)
})

const from = (url: string, signed = true) =>
  ({
    url: new URL(url),
    method: 'GET',
    headers: new Headers(),
    payload: emptyPayload(false),
    signed,
  }) as const

test.each([
  ['https://a.example/', 'http://a.example/', 'leads from https://a.example to http://a.example'],
  ['https://a.example/', 'ftp://a.example/', 'leads to ftp:'],
  ['https://a.example/', 'javascript:alert(1)', 'leads to javascript:'],
  ['https://a.example/', 'https://u:p@a.example/', 'holds a user name or password'],
  ['https://a.example/', 'https://', 'is not a valid URL'],
  ['http://a.example/', '/x', 'came over plain http from a.example'],
  ['http://a.example:8080/', 'http://a.example:8080/x', 'came over plain http'],
  ['http://localhost.a.example/', '/x', 'came over plain http'],
  ['http://128.0.0.1/', '/x', 'came over plain http'],
  ['http://app.localhost/', '/x', 'came over plain http from app.localhost'],
  ['http://localhost./', '/x', 'came over plain http'],
  ['http://[::ffff:127.0.0.1]/', '/x', 'came over plain http'],
])('rejects, on %s, a redirect to %s: it %s', (url, location, reason) => {
  const error = thrown(() => nextHop(from(url), 302, location, false))
  expect(error?.code).toBe('ERR_MAC_CLIENT_REDIRECT')
  expect(error?.message).toContain(reason)
})

test.each([
  ['https://a.example/x', '/y', 'https://a.example/y', true],
  ['https://a.example/x', 'https://A.example:443/y#f', 'https://a.example/y#f', true],
  ['https://a.example/x', '//b.example/y', 'https://b.example/y', false],
  ['https://a.example/x', 'https://a.example:8443/y', 'https://a.example:8443/y', false],
  ['http://a.example/x', 'https://a.example/y', 'https://a.example/y', false],
  ['http://127.3.2.1/x', '/y', 'http://127.3.2.1/y', true],
  ['http://[::1]:80/x', '/y', 'http://[::1]/y', true],
  ['http://LOCALHOST:3000/x', '/y', 'http://localhost:3000/y', true],
  ['http://127.1/x', '/y', 'http://127.0.0.1/y', true],
  ['https://a.example/x', '/a^b?^', 'https://a.example/a%5Eb?^', true],
])('follows, on %s, a redirect to %s, to %s, signed: %s', (url, location, to, signed) => {
  const hop = nextHop(from(url), 302, location, false)
  expect([hop.url.href, hop.signed]).toEqual([to, signed])
})

test('over plain http, signs a redirect only with trustPlainHttp, and follows an unsigned one', () => {
  expect(nextHop(from('http://a.example/'), 302, '/x', true).signed).toBe(true)
  expect(nextHop(from('http://a.example/', false), 302, '/x', false).signed).toBe(false)
})

/** Waits until a stream was read or cancelled as far as possible. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
