import { createTokenFetch, type TokenFetchOptions } from '../../src/client/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { TOKEN, tokenServer } from './token-server.ts'

describe('the first request', () => {
  test.each(['basic', 'body'] as const)(
    'gets a credential with authentication %s, and is signed with it',
    async (authentication) => {
      await using server = await tokenServer()
      const tokenFetch = server.tokenFetch({ authentication })
      const answer = await tokenFetch(`${server.url}/orders`, { method: 'POST', body: 'one' })
      expect(await answer.json()).toEqual({ user: 'ada', scopes: ['a', 'b'], body: 'one' })
      expect(server.asked).toEqual([200])
    },
  )

  test.each([
    ['a string', 'b', ['b']],
    ['a string of several', 'b a', ['b', 'a']],
    ['a list', ['a', 'b'], ['a', 'b']],
  ])('asks for the scopes of %s', async (_name, scope, scopes) => {
    await using server = await tokenServer()
    const answer = await server.tokenFetch({ scope })(server.url)
    expect(await answer.json()).toMatchObject({ scopes })
  })

  test('sends the secret in the header or in the body, never in both', async () => {
    const sent: string[] = []
    await using server = await tokenServer(async (request) => {
      const { url, headers } = request
      sent.push(`${url} ${headers.get('authorization')} ${await request.clone().text()}`)
      return null
    })
    await server.tokenFetch()(server.url)
    await server.tokenFetch({ authentication: 'body', scope: 'a' })(server.url)
    const token = `${server.url}/token`
    const basic = btoa('shop:a+secret%2B%25')
    expect(sent).toEqual([
      `${token} Basic ${basic} grant_type=client_credentials`,
      `${token} null grant_type=client_credentials&scope=a&client_id=shop&client_secret=a+secret%2B%25`,
    ])
  })

  test('uses the options of createMacFetch', async () => {
    await using server = await tokenServer()
    const sent: string[] = []
    const tokenFetch = server.tokenFetch({
      ext: 'own',
      body: true,
      fetch: (input, init) => {
        sent.push(new Headers(init?.headers).get('authorization') ?? '')
        return fetch(input, init)
      },
    })
    expect((await tokenFetch(server.url, { method: 'POST', body: 'a' })).status).toBe(200)
    expect(sent).toHaveLength(2)
    expect(sent[1]).toMatch(/^MAC id=".*ext="sha-256=:.*: own"/)
  })
})

test('a hundred requests at once ask for one credential', async () => {
  await using server = await tokenServer()
  const tokenFetch = server.tokenFetch()
  const requests = Array.from({ length: 100 }, () => tokenFetch(server.url))
  const statuses = (await Promise.all(requests)).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(server.asked).toEqual([200])
  expect(new Set(server.seen).size).toBe(1)
})

test('a failure rejects all waiting requests, and a request one second later asks again', async () => {
  const down = () => new Response('no', { status: 500 })
  await using server = await tokenServer((_request, asked) => (asked === 1 ? down() : null))
  const tokenFetch = server.tokenFetch()
  const requests = Array.from({ length: 10 }, () => tokenFetch(server.url))
  for (const result of await Promise.allSettled(requests)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_MAC_CLIENT_TOKEN' } })
  }
  expect(server.asked).toEqual([500])
  server.clock.seconds += 1
  expect((await tokenFetch(server.url)).status).toBe(200)
  expect(server.asked).toEqual([500, 200])
})

describe('a signal', () => {
  test('ends the waiting of its own request, and the others get the credential', async () => {
    let open: () => void = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    await using server = await tokenServer(async () => {
      await opened
      return null
    })
    const tokenFetch = server.tokenFetch()
    const abort = new AbortController()
    const { signal } = abort
    const ended = Promise.allSettled([
      tokenFetch(server.url, { signal }),
      tokenFetch(new Request(server.url, { signal })),
    ])
    const other = tokenFetch(server.url)
    abort.abort(new Error('enough'))
    for (const result of await ended) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } })
    }
    open()
    expect((await other).status).toBe(200)
    expect(server.asked).toEqual([200])
    expect(server.seen).toHaveLength(1)
  })

  test('that is aborted before the request asks for no credential', async () => {
    await using server = await tokenServer()
    const attempt = server.tokenFetch()(server.url, { signal: AbortSignal.abort() })
    await expect(attempt).rejects.toThrow()
    expect(server.asked).toEqual([])
  })
})

describe('rejects with ERR_MAC_CLIENT_TOKEN, and without the secret, if the token endpoint', () => {
  const PAUSED = ' It is not asked again before 2023-11-14T22:13:21Z.'
  const failure = async (answer: () => Response | Promise<Response>, options = {}) => {
    await using server = await tokenServer(answer)
    const error = await server
      .tokenFetch(options)(server.url)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'MacError', code: 'ERR_MAC_CLIENT_TOKEN' })
    const { message, cause } = error as Error
    for (const text of [message, String(cause)]) {
      expect(text).not.toContain('a secret')
      expect(text).not.toContain('a-key')
    }
    expect(server.seen).toEqual([])
    expect(message.slice(-PAUSED.length)).toBe(PAUSED)
    return message.slice(0, -PAUSED.length)
  }
  const json =
    (body: unknown, status = 200) =>
    () =>
      Response.json(body, { status })

  test.each([
    ['another token type', { ...TOKEN, token_type: 'Bearer' }, 'token_type is not mac'],
    ['no token type', { ...TOKEN, token_type: undefined }, 'token_type is not mac'],
    ['no identifier', { ...TOKEN, access_token: undefined }, 'access_token is not a string'],
    ['an empty identifier', { ...TOKEN, access_token: '' }, 'cannot be used'],
    ['an identifier with a quote', { ...TOKEN, access_token: 'a"' }, 'cannot be used'],
    ['an identifier with a line feed', { ...TOKEN, access_token: 'a\r\nb' }, 'cannot be used'],
    [
      'an identifier that is too long',
      { ...TOKEN, access_token: 'a'.repeat(1025) },
      'cannot be used',
    ],
    ['no key', { ...TOKEN, mac_key: null }, 'mac_key is not a string'],
    ['an empty key', { ...TOKEN, mac_key: '' }, 'cannot be used'],
    ['a key outside ASCII', { ...TOKEN, mac_key: 'a-keyé' }, 'cannot be used'],
    ['another algorithm', { ...TOKEN, mac_algorithm: 'none' }, 'mac_algorithm is not'],
    ['no algorithm', { ...TOKEN, mac_algorithm: undefined }, 'mac_algorithm is not'],
    ['no lifetime', { ...TOKEN, expires_in: undefined }, 'expires_in is not'],
    ['a lifetime of 0', { ...TOKEN, expires_in: 0 }, 'expires_in is not'],
    ['a negative lifetime', { ...TOKEN, expires_in: -1 }, 'expires_in is not'],
    ['a lifetime as a string', { ...TOKEN, expires_in: '3600' }, 'expires_in is not'],
    ['a list', [], 'token_type is not mac'],
    ['null', null, 'not a JSON object'],
    ['a string', 'mac', 'not a JSON object'],
  ])('answers 200 with %s', async (_name, body, says) => {
    expect(await failure(json(body))).toContain(says)
  })

  test('answers with an infinite lifetime', async () => {
    const text = JSON.stringify(TOKEN).replace('3600', '1e999')
    expect(await failure(() => new Response(text))).toContain('expires_in is not')
  })

  test.each([
    [
      'an error and its description, which is not shown',
      { error: 'invalid_client', error_description: 'No such client.' },
      401,
      'answered 401, invalid_client.',
    ],
    ['only an error', { error: 'invalid_scope' }, 400, 'answered 400, invalid_scope.'],
    ['no error', {}, 403, 'answered 403.'],
    ...['a secret+%', 'a+secret%2B%25', 'no_such_error', 'a\u001b[31m\n'].map(
      (error): [string, object, number, string] => [
        `an error that is not one of RFC 6749: ${JSON.stringify(error)}`,
        { error, error_description: `not ${error}` },
        400,
        'answered 400.',
      ],
    ),
    ['an error that is not a string', { error: { toString: 1 } }, 400, 'answered 400.'],
    [
      'an error and a credential',
      { error: 'invalid_client', ...TOKEN },
      500,
      'answered 500, invalid_client.',
    ],
    ['a credential', TOKEN, 201, 'answered 201.'],
  ])('answers with %s', async (_name, body, status, says) => {
    expect(await failure(json(body, status))).toBe(`The token endpoint ${says}`)
  })

  test('sends a response that is too long', async () => {
    const huge = () => new Response(JSON.stringify({ ...TOKEN, more: 'a'.repeat(20_000) }))
    expect(await failure(huge)).toContain('a response of more than 16384 bytes')
  })

  test('sends a response that is not a JSON object', async () => {
    expect(await failure(() => new Response('<html>'))).toContain('not a JSON object')
    expect(await failure(() => new Response(null))).toContain('not a JSON object')
    expect(await failure(() => new Response('<html>', { status: 502 }))).toContain('answered 502.')
  })

  test.each([301, 302, 303, 307, 308])(
    'redirects with %d, and the secret is not sent there',
    async (status) => {
      await using other = await tokenServer()
      const location = `${other.url}/token`
      const moved = () => new Response(null, { status, headers: { location } })
      expect(await failure(moved)).toContain('sent a redirect, which is not followed')
      expect(other.asked).toEqual([])
    },
  )

  test('does not answer in time', async () => {
    const never = () => new Promise<Response>(() => {})
    const options = { timeoutSeconds: 0.05 }
    expect(await failure(never, options)).toContain('did not answer within 0.05 seconds')
    const stalled = () =>
      new Response(new ReadableStream({ start: (to) => to.enqueue(new Uint8Array([123])) }))
    expect(await failure(stalled, options)).toContain('did not answer within 0.05 seconds')
  })

  test('does not answer within a fraction of seconds', async () => {
    for (const timeoutSeconds of [0.0201, 0.0005]) {
      const answer = await failure(() => new Promise<Response>(() => {}), { timeoutSeconds })
      expect(answer).toContain(`did not answer within ${timeoutSeconds} seconds`)
    }
    await using server = await tokenServer()
    for (const timeoutSeconds of [2.01, 1.0001, 2_147_483]) {
      expect((await server.tokenFetch({ timeoutSeconds })(server.url)).status).toBe(200)
    }
  })

  test('cannot be reached', async () => {
    const server = await tokenServer()
    const tokenFetch = server.tokenFetch()
    await server[Symbol.asyncDispose]()
    const error = await tokenFetch(server.url).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_MAC_CLIENT_TOKEN' })
    expect((error as Error).message).toBe(`The token endpoint could not be reached.${PAUSED}`)
    expect((error as Error).cause).toBeInstanceOf(Error)
  })

  test('says that the secret is wrong', async () => {
    await using server = await tokenServer()
    const attempt = server.tokenFetch({ clientSecret: 'guess' })(server.url)
    await expect(attempt).rejects.toThrow('answered 401, invalid_client.')
  })
})

describe('createTokenFetch', () => {
  const good: TokenFetchOptions = {
    tokenEndpoint: 'https://api.example.com/token',
    clientId: 'shop',
    clientSecret: 'very-secret',
  }
  test.each([
    ['no options', undefined],
    ['an endpoint over http', { ...good, tokenEndpoint: 'http://api.example.com/token' }],
    [
      'an endpoint on a host that only starts with localhost',
      { ...good, tokenEndpoint: 'http://localhost.example.com/' },
    ],
    ...[
      'app.localhost',
      'a.b.localhost:3000',
      'localhost.',
      'xlocalhost',
      '128.0.0.1',
      '0.0.0.0',
      '[::]',
      '[::ffff:127.0.0.1]',
      '127.0.0.1.example.com',
    ].map((host): [string, object] => [
      `an endpoint over http on ${host}, which may be another machine`,
      { ...good, tokenEndpoint: `http://${host}/token` },
    ]),
    ['another scheme', { ...good, tokenEndpoint: 'ftp://localhost/token' }],
    ['a relative endpoint', { ...good, tokenEndpoint: '/token' }],
    ['no endpoint', { ...good, tokenEndpoint: undefined }],
    ['a user name in the URL', { ...good, tokenEndpoint: 'https://very-secret@api.example.com/' }],
    ['a fragment', { ...good, tokenEndpoint: 'https://api.example.com/#token' }],
    ['no name', { ...good, clientId: '' }],
    ['no secret', { ...good, clientSecret: undefined }],
    ['a secret with a line feed', { ...good, clientSecret: 'very-secret\n' }],
    ['a secret that cannot be encoded', { ...good, clientSecret: 'very-secret\ud800' }],
    ['another authentication', { ...good, authentication: 'digest' }],
    ['an empty scope', { ...good, scope: '' }],
    ['a scope with a quote', { ...good, scope: ['"'] }],
    ['scopes that are not strings', { ...good, scope: [7, null] }],
    ['renewBeforeSeconds as a string', { ...good, renewBeforeSeconds: '5' }],
    ['renewBeforeSeconds that is not a number', { ...good, renewBeforeSeconds: Number.NaN }],
    ['timeoutSeconds as a string', { ...good, timeoutSeconds: '5' }],
    ['a negative renewBeforeSeconds', { ...good, renewBeforeSeconds: -1 }],
    ['a timeoutSeconds of 0', { ...good, timeoutSeconds: 0 }],
    ['an infinite timeoutSeconds', { ...good, timeoutSeconds: Number.POSITIVE_INFINITY }],
    ['an unknown option', { ...good, retries: 3 }],
    ['a wrong option of createMacFetch', { ...good, maxRedirects: 0.5 }],
  ])('throws a TypeError that does not contain the secret for %s', (_name, options) => {
    let error: unknown
    try {
      createTokenFetch(options as TokenFetchOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/^withmac: /)
    expect((error as Error).message).not.toContain('very-secret')
  })

  test.each([
    'https://a.example/token?tenant=1',
    'https://app.localhost/token',
    'http://localhost:3000/token',
    'http://LOCALHOST/token',
    'http://127.0.0.1:3000/token',
    'http://127.255.0.3/token',
    'http://127.1/token',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
  ])('takes the token endpoint %s', (tokenEndpoint) => {
    expect(typeof createTokenFetch({ ...good, tokenEndpoint })).toBe('function')
    expect(typeof createTokenFetch({ ...good, tokenEndpoint: new URL(tokenEndpoint) })).toBe(
      'function',
    )
  })
})
