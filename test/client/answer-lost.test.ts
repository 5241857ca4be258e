import { connect as connectTo, createServer, type Socket } from 'node:net'
import {
  createMacFetch,
  createTokenFetch,
  MacError,
  type MacFetch,
} from '../../src/client/index.ts'
import { createMac } from '../../src/index.ts'
import { listen } from '../support/listen.ts'
import { describe, expect, test } from '../support/runner.ts'
import { KEY, signingServer } from './server.ts'
import { tokenServer } from './token-server.ts'

/**
 * A proxy that passes on requests and answers. After `breakNext`, it passes on the next request, and
 * closes the connection instead of passing on the answer.
 */
async function breakingProxy(target: string) {
  const { port } = new URL(target)
  let breaks = false
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connectTo(Number(port), '127.0.0.1')
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
    }
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (!breaks) return client.write(chunk)
      breaks = false
      client.destroy()
      return upstream.destroy()
    })
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    breakNext() {
      breaks = true
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Sends each signed request twice, as a proxy may do after a timeout, and returns the second answer. */
const twice: MacFetch = async (input, init) => {
  if (new Headers(init?.headers).get('authorization')?.startsWith('MAC ')) {
    const first = await fetch(input, init)
    await first.body?.cancel()
  }
  return fetch(input, init)
}

/** Starts a server that closes at the end of the test. */
async function serving(handler: (request: Request) => Promise<Response>) {
  const { port, close } = await listen(handler)
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close }
}

/** Returns the error of a call that rejects. */
const reasonOf = (call: Promise<Response>): Promise<unknown> =>
  call.then(
    ({ status }) => `it was answered ${status}`,
    (reason: unknown) => reason,
  )

describe('rejects with ERR_MAC_CLIENT_ANSWER_LOST, and returns no 401, if a request was carried out and its response was lost:', () => {
  test.each([
    ['GET', undefined],
    ['PUT', 'hello'],
    ['DELETE', undefined],
    ['POST', 'hello'],
    ['PATCH', 'hello'],
  ])('%s, if a kept-alive connection breaks', async (method, body) => {
    await using server = await signingServer()
    await using proxy = await breakingProxy(server.url)
    const macFetch = createMacFetch(KEY)
    await (await macFetch(proxy.url)).text()
    proxy.breakNext()
    const reason = await reasonOf(macFetch(`${proxy.url}/do`, { method, ...(body && { body }) }))
    // Node's fetch, and Bun's for some methods, reject themselves. Others send again, which is a replay.
    const sent = server.seen.slice(1)
    const again = sent.length === 2
    const resends =
      process.versions.deno !== undefined ||
      (process.versions.bun !== undefined && !['POST', 'PATCH'].includes(method))
    expect(again).toBe(resends)
    expect(sent.map(({ status }) => status)).toEqual(again ? [200, 401] : [200])
    if (again) expect(reason).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
    else expect(reason).toBeInstanceOf(Error)
    expect((reason as Error).name).toBe(again ? 'MacError' : (reason as Error).name)
  })

  test.each(['GET', 'HEAD', 'PUT', 'POST'])('%s, if a proxy sends it twice', async (method) => {
    await using server = await signingServer()
    const macFetch = createMacFetch(KEY, { fetch: twice })
    const reason = await reasonOf(macFetch(server.url, { method }))
    expect(reason).toBeInstanceOf(MacError)
    expect(reason).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
    expect((reason as Error).message).toContain(`had this ${method} request before`)
    expect((reason as Error).message).toContain('was probably carried out')
    expect(server.seen.map(({ status }) => status)).toEqual([200, 401])
  })

  test('PUT, if the handler answers 421, after which the fetch of Node sends it again', async () => {
    await using server = await signingServer()
    const seen: number[] = []
    const app = server.mac.withMac(() => new Response(null, { status: 421 }))
    await using front = await serving(async (request) => {
      const response = await app(request)
      seen.push(response.status)
      return response
    })
    const reason = await reasonOf(createMacFetch(KEY)(front.url, { method: 'PUT' }))
    if (seen.length === 1) expect(reason).toBe('it was answered 421')
    else expect(reason).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
  })

  test.each([
    ['the address', { failures: { requests: 1, seconds: 60 } }],
    ['the credential', { requests: { requests: 3, seconds: 60 } }],
  ])(
    'PUT, if it exhausted the limit of %s, so that the second copy is answered 429',
    async (_, limit) => {
      const mac = createMac({
        database: 'sqlite::memory:',
        clientAddress: () => '192.0.2.1',
        rateLimit: limit,
      })
      await mac.createCredential('ada', { ...KEY, expires: null })
      const seen: number[] = []
      const app = mac.withMac(() => new Response(), { onReject() {} })
      await using front = await serving(async (request) => {
        const response = await app(request)
        seen.push(response.status)
        return response
      })
      const put = (options = {}) =>
        reasonOf(createMacFetch(KEY, { fetch: twice, ...options })(front.url, { method: 'PUT' }))
      for (let sent = 0; sent < 2; sent++) {
        expect(await put()).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
      }
      expect(seen.slice(0, 3)).toEqual([200, 401, 200])
      if ('failures' in limit) expect(seen[3]).toBe(429)
      else {
        expect(seen[3]).toBe(401)
        expect(await put()).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
        expect(seen.slice(4)).toEqual([200, 429])
        // Both copies of this one were rejected.
        expect(await put()).toBe('it was answered 429')
      }
      const nonce = () => 'always-the-same'
      if ('failures' in limit) expect(await put({ nonce })).toBe('it was answered 429')
      await mac.close()
    },
  )

  test('with a token, which is not renewed, and nothing is sent again', async () => {
    await using server = await tokenServer()
    const good = server.tokenFetch()
    expect((await good(server.url)).status).toBe(200)
    const tokenFetch = server.tokenFetch({ fetch: twice })
    const reason = await reasonOf(tokenFetch(server.url, { method: 'POST', body: 'x' }))
    expect(reason).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
    expect(server.asked).toEqual([200, 200])
    expect(server.seen.map((seen) => seen.slice(0, 3))).toEqual(['200', '200', '401'])
  })

  test('PUT, if the clock was corrected before, and the second try is sent twice', async () => {
    await using server = await signingServer(undefined, { now: () => 1_700_000_000 })
    const macFetch = createMacFetch(KEY, { fetch: twice, now: () => 1_700_004_000 })
    const reason = await reasonOf(macFetch(server.url, { method: 'PUT', body: 'x' }))
    expect(reason).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
    expect(server.seen.map(({ status }) => status)).toEqual([401, 401, 200, 401])
  })
})

const problem = (code: string) =>
  new Response(JSON.stringify({ code }), {
    status: 401,
    headers: {
      'www-authenticate': 'MAC error="in other words"',
      'content-type': 'application/problem+json',
    },
  })
const byText = (error: string) => () =>
  new Response('<html>', {
    status: 401,
    headers: { 'www-authenticate': `MAC error="${error}"`, 'content-type': 'text/html' },
  })
const send = (answer: () => Response, url = 'https://a.example/') =>
  reasonOf(createMacFetch(KEY, { fetch: async () => answer() })(url))

test('recognizes a replay by its code, or by the challenge if a proxy replaced the body', async () => {
  for (const answer of [() => problem('ERR_MAC_REPLAY'), byText('The nonce was used before.')]) {
    expect(await send(answer)).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
  }
})

test.each([
  ['another code', () => problem('ERR_MAC_REJECTED')],
  ['another text', byText('The nonce was used.')],
  ['no challenge', () => new Response('The nonce was used before.', { status: 401 })],
])('returns a 401 with %s, and its body can be read', async (_, answer) => {
  expect(await send(answer)).toBe('it was answered 401')
  const macFetch = createMacFetch(KEY, { fetch: async () => answer() })
  expect(await (await macFetch('https://a.example/')).text()).not.toBe('')
})

test('rejects if the challenge of a 429 says replay, and returns any other 429', async () => {
  const limited = (headers: Record<string, string>) => () =>
    new Response(null, { status: 429, headers: { ...headers, 'retry-after': '1' } })
  const replay = { 'www-authenticate': 'MAC error="The nonce was used before."' }
  expect(await send(limited(replay))).toMatchObject({ code: 'ERR_MAC_CLIENT_ANSWER_LOST' })
  expect(await send(limited({}))).toBe('it was answered 429')
})

test.each([200, 400, 403, 409, 503])('returns a %d with the code of a replay', async (status) => {
  const answer = () => new Response(problem('ERR_MAC_REPLAY').body, { ...problem(''), status })
  expect(await send(answer)).toBe(`it was answered ${status}`)
})

test('returns the 401 of a replay if the option nonce is set', async () => {
  const now = () => 1_700_000_000
  await using server = await signingServer(undefined, { now })
  const macFetch = createMacFetch(KEY, { nonce: () => 'always-the-same', now })
  expect((await macFetch(server.url)).status).toBe(200)
  const second = await macFetch(server.url)
  expect([second.status, await second.text()]).toEqual([
    401,
    expect.stringContaining('ERR_MAC_REPLAY'),
  ])
})

test('says in the error that the response may be forged if it came over plain http', async () => {
  const forged = 'Over plain http, an attacker on the way can forge this response'
  for (const [url, warns] of [
    ['http://a.example/', true],
    ['https://a.example/', false],
    ['http://127.0.0.1/', false],
  ] as const) {
    const reason = (await send(() => problem('ERR_MAC_REPLAY'), url)) as Error
    expect(reason.message.includes(forged)).toBe(warns)
  }
})

describe('a 401 for an unknown token', () => {
  const TOKEN = {
    token_type: 'mac',
    access_token: 'an-id',
    mac_key: 'a-key',
    mac_algorithm: 'hmac-sha-256',
    expires_in: 3600,
  }
  /** Sends a POST with a token that was accepted before. It is answered 401. Returns how often it was sent. */
  async function posts(api: string, options = {}) {
    let asked = 0
    const sent: string[] = []
    const tokenFetch = createTokenFetch({
      tokenEndpoint: 'https://a.example/token',
      clientId: 'shop',
      clientSecret: 'secret',
      fetch: async (input, init) => {
        if (String(input).endsWith('/token')) {
          return Response.json({ ...TOKEN, access_token: `id-${++asked}` })
        }
        sent.push(init?.method ?? 'GET')
        return init?.method === 'POST' ? problem('ERR_MAC_REJECTED') : new Response()
      },
      ...options,
    })
    await tokenFetch(api)
    const { status } = await tokenFetch(api, { method: 'POST', body: 'x' })
    const posts = sent.filter((method) => method === 'POST').length
    await tokenFetch(api)
    return { status, posts, asked }
  }

  test.each(['http://a.example/', 'http://app.localhost/', 'http://10.0.0.1/'])(
    'that came over plain http, from %s, does not make createTokenFetch send a POST twice; the next request has a new token',
    async (api) => {
      expect(await posts(api)).toEqual({ status: 401, posts: 1, asked: 2 })
    },
  )

  test.each([
    ['https://a.example/', {}],
    ['http://localhost/', {}],
    ['http://127.0.0.1:3000/', {}],
    ['http://a.example/', { trustPlainHttp: true }],
  ])(
    'that cannot be forged or is trusted, from %s with %j, makes createTokenFetch send a POST again',
    async (api, options) => {
      expect(await posts(api, options)).toEqual({ status: 401, posts: 2, asked: 2 })
    },
  )
})
