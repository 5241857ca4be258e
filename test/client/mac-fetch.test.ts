import { createMacFetch, MacError, type MacFetch } from '../../src/client/index.ts'
import { parseAuthorization } from '../../src/protocol/authorization.ts'
import { expect, test } from '../support/runner.ts'
import { byPath, KEY, short, signingServer } from './server.ts'

const macFetch = createMacFetch(KEY)

test('each request has a new nonce, even if the same request is sent again', async () => {
  await using server = await signingServer()
  const request = new Request(server.url)
  const answers = [macFetch(server.url), macFetch(new URL(server.url)), macFetch(request)]
  for (const answer of await Promise.all([...answers, macFetch(request), macFetch(server.url)])) {
    expect([answer.status, answer.redirected]).toEqual([200, false])
  }
  const nonces = server.seen.map(({ authorization }) => parseAuthorization(authorization)?.nonce)
  expect(new Set(nonces).size).toBe(5)
})

test.each([
  ['a string and options', (url: string) => [url, { method: 'post', body: 'hello' }]],
  ['a Request', (url: string) => [new Request(url, { method: 'POST', body: 'hello' })]],
  [
    'a Request and options',
    (url: string) => [
      new Request(url, { method: 'PUT', body: 'x' }),
      { method: 'POST', body: 'hello' },
    ],
  ],
  [
    'bytes of a larger memory',
    (url: string) => [
      url,
      { method: 'POST', body: new TextEncoder().encode('_hello_').subarray(1, 6) },
    ],
  ],
  ['a Blob', (url: string) => [url, { method: 'POST', body: new Blob(['hello']) }]],
])('takes %s', async (_, call) => {
  for (const options of [{}, { body: true }]) {
    await using server = await signingServer()
    const send = createMacFetch(KEY, options)
    const answer = await send(...(call(`${server.url}/x?a=b#f`) as Parameters<MacFetch>))
    expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
    expect(server.seen.map(short)).toEqual(['POST /x?a=b signed 200 hello'])
  }
})

test('takes null as options, as fetch does', async () => {
  await using server = await signingServer()
  expect((await macFetch(server.url, null as never)).status).toBe(200)
})

test.each([
  ['options of another client', { url: 'https://a.example/', headers: {} }],
  ['a request of node:http', { url: '/x', method: 'GET', headers: {} }],
  ['a URL within an object', { url: 'https://a.example/' }],
])('rejects %s instead of a URL, and says how to call it', async (_, input) => {
  await expect(macFetch(input as never)).rejects.toThrow('(url, { method, headers, body })')
})

test('rejects if the function nonce returns a promise', async () => {
  const send = createMacFetch(KEY, { nonce: (async () => 'n') as never })
  await expect(send('https://a.example/')).rejects.toThrow(
    'the function given as nonce must return a string, not a promise (await it)',
  )
})

test.each([
  [Promise.resolve(KEY), 'with id and key, not a promise (await it).'],
  ['ada-id', 'with id and key, not a string.'],
  [
    { id: undefined, key: undefined },
    'credential.id must be a string that is not empty, not undefined.',
  ],
  [
    { id: 'ada-id', key: '' },
    'credential.key must be a string that is not empty, not an empty string.',
  ],
  [{ id: 'ada-id', key: null }, 'credential.key must be a string that is not empty, not null.'],
])(
  'a credential that is not valid is a TypeError that says what was given: %p',
  (credential, rule) => {
    expect(() => createMacFetch(credential as never)).toThrow(rule)
  },
)

test('sends a form with its Content-Type, whether or not the body is bound', async () => {
  await using server = await signingServer()
  const form = new FormData()
  form.set('a', 'b')
  for (const send of [macFetch, createMacFetch(KEY, { body: true })]) {
    await send(server.url, { method: 'POST', body: form })
    await send(server.url, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) })
  }
  for (const [at, { headers, body, status }] of server.seen.entries()) {
    expect(status).toBe(200)
    const type = headers.get('content-type') ?? ''
    if (at % 2 === 1)
      expect([type, body]).toEqual(['application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'])
    else
      expect(body).toContain(
        type.replace('multipart/form-data; boundary=', '--').replaceAll('"', ''),
      )
  }
})

test('changes no header field of the caller, and sends the User-Agent of fetch', async () => {
  await using server = await signingServer(() => new Response())
  await fetch(server.url, { headers: { 'x-mine': '1' } })
  await macFetch(server.url, { headers: { 'x-mine': '1' } })
  await macFetch(server.url, { headers: { 'user-agent': 'mine/1' } })
  const [plain, signed, named] = server.seen.map(({ headers }) => headers)
  signed?.delete('authorization')
  expect([...(signed ?? [])]).toEqual([...(plain ?? [])])
  expect(named?.get('user-agent')).toBe('mine/1')
})

test('sends a stream chunk by chunk', async () => {
  let push: (text: string | null) => void = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      push = (text) =>
        text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text))
    },
  })
  const arrived: string[] = []
  let first = () => {}
  const firstArrived = new Promise<void>((resolve) => {
    first = resolve
  })
  await using server = await streamingServer(async (chunk) => {
    arrived.push(chunk)
    first()
  })
  push('one')
  const answer = macFetch(server.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
  await firstArrived
  expect(arrived).toEqual(['one'])
  push('two')
  push(null)
  expect((await answer).status).toBe(200)
  expect(arrived.join('')).toBe('onetwo')
})

test('sends a body as it was at the call, even if the caller changes it afterwards', async () => {
  await using server = await signingServer()
  for (const options of [{}, { body: true }]) {
    for (const bytes of [
      new TextEncoder().encode('hello'),
      Uint8Array.from(Buffer.from('hello')),
    ]) {
      const body = bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes
      for (const each of [bytes, body]) {
        bytes.set(new TextEncoder().encode('hello'))
        const answer = createMacFetch(KEY, options)(server.url, { method: 'POST', body: each })
        bytes.fill(0x78)
        expect(await (await answer).text()).toBe('hello')
      }
    }
  }
})

test('calls the functions of the caller without an object', async () => {
  await using server = await signingServer()
  const objects: unknown[] = []
  function now(this: unknown) {
    objects.push(this)
    return Date.now() / 1000
  }
  function nonce(this: unknown) {
    objects.push(this)
    return crypto.randomUUID()
  }
  function send(this: unknown, ...input: Parameters<MacFetch>) {
    objects.push(this)
    return fetch(...input)
  }
  await createMacFetch(KEY, { now, nonce, fetch: send })(server.url)
  expect(objects).toEqual([undefined, undefined, undefined])
})

test('passes other options on to the option fetch, as they were at the call', async () => {
  await using server = await signingServer(byPath)
  const given: unknown[] = []
  const send: MacFetch = (input, init) => {
    given.push((init as { mine?: unknown }).mine)
    return fetch(input, init)
  }
  const mine = { mine: 1 }
  const response = createMacFetch(KEY, { fetch: send })(
    `${server.url}/302/next`,
    mine as RequestInit,
  )
  mine.mine = 2
  await response
  expect(given).toEqual([1, 1])
})

test.each([
  ['of the call', (url: string, signal: AbortSignal) => [url, { signal }]],
  ['of the Request', (url: string, signal: AbortSignal) => [new Request(url, { signal })]],
])('the signal %s ends a request, even after a redirect', async (_, call) => {
  const controller = new AbortController()
  await using server = await signingServer((request) => {
    if (new URL(request.url).pathname !== '/end') return byPath(request)
    controller.abort(new Error('enough'))
    return new Promise((resolve) => setTimeout(resolve, 10_000, null).unref?.())
  })
  const attempt = macFetch(
    ...(call(`${server.url}/302/end`, controller.signal) as Parameters<MacFetch>),
  )
  await expect(attempt).rejects.toThrow('enough')
})

test('calls the function ext for each signature, also after a redirect', async () => {
  await using server = await signingServer(byPath)
  const ext = ({ method, url }: { method: string; url: string }) =>
    `${method} ${new URL(url).pathname}`
  await createMacFetch(KEY, { ext })(`${server.url}/303/next`, { method: 'POST', body: 'x' })
  const sent = server.seen.map(({ authorization }) => parseAuthorization(authorization)?.ext)
  expect(sent).toEqual(['POST /303/next', 'GET /next'])
})

test('sends ^ in a path as %5E', async () => {
  await using server = await signingServer()
  expect((await macFetch(`${server.url}/a^b?c^d`)).status).toBe(200)
  expect(server.seen[0]?.url).toMatch(/\/a%5Eb\?c\^d$/)
})

test.each([
  [
    'an Authorization of another scheme',
    'ERR_MAC_CLIENT_HEADER',
    { headers: { authorization: 'Bearer x' } },
    '',
  ],
  ['a method in lower case', 'ERR_MAC_CLIENT_METHOD', { method: 'patch' }, ''],
  ['a relative URL', 'ERR_MAC_CLIENT_URL', {}, 'relative'],
  ['a user name and password', 'ERR_MAC_CLIENT_URL', {}, 'http://user:pw@127.0.0.1/'],
])('rejects %s before anything is sent', async (_, code, init, url) => {
  await using server = await signingServer()
  const error = await macFetch(url || server.url, init).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(MacError)
  expect(error).toMatchObject({ code })
  expect(server.seen).toHaveLength(0)
})

test.each([
  [{ maxRedirects: -1 }, 'maxRedirects'],
  [{ fetch: 'fetch' }, 'fetch must be a function'],
  [{ body: 'required' }, 'body must be a boolean'],
  [{ retries: 3 }, 'there is no option retries'],
])('throws at once for the options %j', (options, reason) => {
  expect(() => createMacFetch(KEY, options as object)).toThrow(reason)
})

/** A server that calls a function for each chunk of a body. */
async function streamingServer(onChunk: (chunk: string) => Promise<void>) {
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    request.setEncoding('utf8')
    request.on('data', onChunk)
    request.on('end', () => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
