import { signRequest } from '../../src/client/index.ts'
import { createMac, getMac } from '../../src/index.ts'
import { createTokenEndpoint, secretsAreEqual } from '../../src/oauth/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, SHOP, testEndpoint, tokenRequest } from './endpoint.ts'

describe('a client that proves who it is', () => {
  test('gets a credential that signs a request that passes', async () => {
    const { endpoint, mac, clock } = testEndpoint()
    const { status, json } = await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    expect(status).toBe(200)
    expect(Object.keys(json).sort()).toEqual(
      ['access_token', 'expires_in', 'mac_algorithm', 'mac_key', 'scope', 'token_type'].sort(),
    )
    expect(json).toMatchObject({
      token_type: 'mac',
      mac_algorithm: 'hmac-sha-256',
      expires_in: 3600,
      scope: 'orders:read orders:write',
    })
    const credential = { id: String(json.access_token), key: String(json.mac_key) }
    const app = mac.withMac((request) => Response.json(getMac(request)))
    const request = new Request('https://api.example.com/orders')
    const answer = await app(await signRequest(request, credential, { now: clock.now }))
    const scopes = ['orders:read', 'orders:write']
    expect(await answer.json()).toMatchObject({ user: 'ada', label: 'shop', scopes })
  })

  test.each([
    ['in the body', tokenRequest({ ...GRANT, ...SHOP })],
    ['by Basic', tokenRequest(GRANT, basic('shop:shop-secret'))],
    [
      'by Basic, with its name in the body too',
      tokenRequest({ ...GRANT, client_id: 'shop' }, basic('shop:shop-secret')),
    ],
    [
      'by basic in lower case',
      tokenRequest(GRANT, { authorization: `basic ${btoa('shop:shop-secret')}` }),
    ],
    [
      'by Basic, form-encoded',
      tokenRequest(GRANT, basic('a+b%3Ac%2Bd%25%C3%A9:%3A+%2B%25%26%3D%C3%9F')),
    ],
    [
      'in the body, form-encoded',
      tokenRequest({ ...GRANT, client_id: 'a b:c+d%é', client_secret: ': +%&=ß' }),
    ],
    [
      'with a charset',
      tokenRequest(
        { ...GRANT, ...SHOP },
        { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
      ),
    ],
    [
      'beside parameters that are unknown, twice',
      tokenRequest(
        'resource=a&resource=b&grant_type=client_credentials&client_id=shop&client_secret=shop-secret',
      ),
    ],
    [
      'beside parameters without a value',
      tokenRequest(
        'scope=&scope&&grant_type=&grant_type=client_credentials&client_id=shop&client_secret=shop-secret',
      ),
    ],
    [
      'with something else in the query',
      tokenRequest({ ...GRANT, ...SHOP }, {}, 'https://api.example.com/token?tenant=1'),
    ],
    [
      'with a query that only speaks of a secret',
      tokenRequest(
        { ...GRANT, ...SHOP },
        {},
        'https://api.example.com/?%=client_secret&my_client_secret=1',
      ),
    ],
  ])('may do so %s', async (_name, request) => {
    const { endpoint } = testEndpoint()
    expect((await answerOf(endpoint(request))).status).toBe(200)
  })

  test('gets another credential each time, and the one before stays valid', async () => {
    const { endpoint, mac, clock } = testEndpoint()
    const ask = () => answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    const first = await ask()
    clock.seconds += 1
    const second = await ask()
    expect(first.json.access_token).not.toBe(second.json.access_token)
    expect(first.json.mac_key).not.toBe(second.json.mac_key)
    const credentials = await mac.listCredentials({ user: 'ada' })
    expect(new Set(credentials.map(({ id }) => id))).toEqual(
      new Set([String(first.json.access_token), String(second.json.access_token)]),
    )
    expect(credentials.map(({ revoked }) => revoked)).toEqual([null, null])
  })

  test('leaves no row behind once a day has passed since its credential expired', async () => {
    const { endpoint, mac, clock } = testEndpoint({ expiresSeconds: 60 })
    await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    clock.seconds += 60 + 86_400 - 1
    await mac.prune()
    expect(await mac.listCredentials()).toHaveLength(1)
    clock.seconds += 1
    await mac.prune()
    expect(await mac.listCredentials()).toEqual([])
  })

  test('is taken through an object that holds the request, with more arguments', async () => {
    const { endpoint } = testEndpoint()
    const event = { request: tokenRequest({ ...GRANT, ...SHOP }), params: {} }
    expect((await endpoint(event, 'more')).status).toBe(200)
  })
})

describe('what a credential is like', () => {
  const ask = (client: object, options = {}, form = {}) => {
    const made = testEndpoint({ ...options, authenticateClient: () => client as never })
    const answer = answerOf(made.endpoint(tokenRequest({ ...GRANT, ...SHOP, ...form })))
    return answer.then(async ({ json, status }) => ({
      json,
      status,
      ...made,
      credential: await made.mac.getCredential(String(json.access_token)),
    }))
  }

  test('its client says: lifetime, label and rate limit', async () => {
    const rateLimit = { requests: 5, seconds: 10 }
    const client = { user: 'ada', expiresSeconds: 60, label: 'till 4', rateLimit }
    const { json, credential, clock } = await ask(client)
    expect(json.expires_in).toBe(60)
    expect(credential).toMatchObject({ label: 'till 4', rateLimit, scopes: [] })
    expect(credential?.expires?.getTime()).toBe((clock.seconds + 60) * 1000)
    expect((await ask({ user: 'ada', label: null })).credential?.label).toBe(null)
  })

  test('the endpoint says, where the client does not', async () => {
    const options = { expiresSeconds: 7, algorithm: 'hmac-sha-1' }
    const { json, credential } = await ask({ user: 'ada' }, options)
    expect(json).toMatchObject({ expires_in: 7, mac_algorithm: 'hmac-sha-1' })
    expect(credential?.algorithm).toBe('hmac-sha-1')
    expect('scope' in json).toBe(false)
  })

  test('its algorithm may go by the client', async () => {
    const algorithm = (client: unknown) => {
      expect(client).toEqual({ clientId: 'shop', user: '7', scopes: ['a'] })
      return Promise.resolve('hmac-sha-1')
    }
    const { json } = await ask({ user: 7, scopes: ['a'] }, { algorithm })
    expect(json.mac_algorithm).toBe('hmac-sha-1')
  })

  test.each([
    ['all that it may, where it asks for none', { scopes: ['a', 'b'] }, {}, 'a b'],
    [
      'the default, where it asks for none',
      { scopes: ['a', 'b'], scopesByDefault: ['b'] },
      {},
      'b',
    ],
    ['none by default', { scopes: ['a'], scopesByDefault: [] }, {}, undefined],
    [
      'those that it asks for, once each',
      { scopes: ['a', 'b', 'c'], scopesByDefault: ['b'] },
      { scope: 'c a c' },
      'c a',
    ],
  ])('a client gets %s', async (_name, client, form, scope) => {
    const { json, credential } = await ask({ user: 'ada', ...client }, {}, form)
    expect(json.scope).toBe(scope)
    expect(credential?.scopes).toEqual(scope?.split(' ') ?? [])
  })

  test.each([
    ['another one', 'c'],
    ['one more than it may', 'a c'],
    ['one in another case', 'A'],
    ['two spaces', 'a  b'],
    ['a space at the start', ' a'],
    ['a quote', '"a"'],
    ['a tab', 'a\tb'],
    ['a letter outside ASCII', 'é'],
  ])('a client that asks for %s gets invalid_scope', async (_name, scope) => {
    const { status, json } = await ask({ user: 'ada', scopes: ['a', 'b'] }, {}, { scope })
    expect([status, json.error]).toEqual([400, 'invalid_scope'])
    expect(json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect((await ask({ user: 'ada' }, {}, { scope: 'a' })).json.error).toBe('invalid_scope')
  })
})

test('hooks are told who got what, who did not, and never a key or a secret', async () => {
  const { endpoint, issued, refused, clock } = testEndpoint()
  const { json } = await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
  await endpoint(tokenRequest({ ...GRANT, client_id: 'shop', client_secret: 'guess-1' }))
  await endpoint(tokenRequest({}, basic('shop:guess-2')))
  expect(issued).toEqual([
    {
      clientId: 'shop',
      user: 'ada',
      id: String(json.access_token),
      algorithm: 'hmac-sha-256',
      scopes: ['orders:read', 'orders:write'],
      expires: new Date((clock.seconds + 3600) * 1000),
    },
  ])
  expect(refused.map(({ error, status, clientId }) => [error, status, clientId])).toEqual([
    ['invalid_client', 401, 'shop'],
    ['invalid_request', 400, null],
  ])
  const told = JSON.stringify([issued, refused])
  for (const secret of ['shop-secret', 'guess', String(json.mac_key)]) {
    expect(told).not.toContain(secret)
  }
})

test('a hook that fails changes no answer', async () => {
  const onIssue = () => {
    throw new Error('the log is full')
  }
  const { endpoint } = testEndpoint({ onIssue })
  const log = console.error
  const shown: unknown[] = []
  console.error = (text) => shown.push(text)
  try {
    expect((await endpoint(tokenRequest({ ...GRANT, ...SHOP }))).status).toBe(200)
  } finally {
    console.error = log
  }
  expect(shown).toEqual(['withmac: the hook onIssue failed:'])
})

test.each([
  ['the same', 'a-secret', 'a-secret', true],
  ['another', 'a-secret', 'b-secret', false],
  ['a longer one', 'a-secret', 'a-secret-', false],
  ['none', 'a-secret', undefined, false],
  ['null', 'a-secret', null, false],
  ['an empty one', '', '', false],
  ['none for an empty one', '', undefined, false],
])('secrets are equal where both are the same: %s', (_name, sent, kept, equal) => {
  expect(secretsAreEqual(sent, kept)).toBe(equal)
})

describe('an endpoint is not made', () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const authenticateClient = () => null
  test.each([
    ['without authenticateClient', {}, 'authenticateClient'],
    ['with an unknown option', { authenticateClient, expires: 1 }, 'expires'],
    ['with another algorithm', { authenticateClient, algorithm: 'md5' }, 'hmac-sha-256'],
    ['with no lifetime', { authenticateClient, expiresSeconds: 0 }, 'expiresSeconds'],
    ['with a lifetime of years', { authenticateClient, expiresSeconds: 1e8 }, 'expiresSeconds'],
    [
      'with a limit of nothing',
      { authenticateClient, issueLimit: { requests: 0, seconds: 1 } },
      'issueLimit',
    ],
    ['with what is no origin', { authenticateClient, origin: 'api.example.com' }, 'origin'],
    [
      'with origin and trustProxy',
      { authenticateClient, origin: 'https://a.example', trustProxy: true },
      'trustProxy',
    ],
    ['with what tells no address', { authenticateClient, clientAddress: '::1' }, 'clientAddress'],
    ['with what is no hook', { authenticateClient, onIssue: 'log' }, 'onIssue'],
  ])('%s', (_name, options, named) => {
    const make = () => createTokenEndpoint(mac, options as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(named)
  })

  test('of what is no Mac', () => {
    for (const wrong of [{ ...mac }, {}, null, undefined]) {
      expect(() => createTokenEndpoint(wrong as never, { authenticateClient })).toThrow(TypeError)
    }
  })
})
