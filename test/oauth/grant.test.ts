import { signRequest } from '../../src/client/index.ts'
import { createMac, getMac } from '../../src/index.ts'
import { createTokenEndpoint, secretsAreEqual } from '../../src/oauth/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, SHOP, testEndpoint, tokenRequest } from './endpoint.ts'

describe('a client with the right secret', () => {
  test('gets a credential, and a request signed with it is accepted', async () => {
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
    ['with Basic', tokenRequest(GRANT, basic('shop:shop-secret'))],
    [
      'with Basic, and its name also in the body',
      tokenRequest({ ...GRANT, client_id: 'shop' }, basic('shop:shop-secret')),
    ],
    [
      'with basic in lower case',
      tokenRequest(GRANT, { authorization: `basic ${btoa('shop:shop-secret')}` }),
    ],
    [
      'with Basic, form-encoded',
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
      'with unknown parameters that are repeated',
      tokenRequest(
        'resource=a&resource=b&grant_type=client_credentials&client_id=shop&client_secret=shop-secret',
      ),
    ],
    [
      'with parameters without a value',
      tokenRequest(
        'scope=&scope&&grant_type=&grant_type=client_credentials&client_id=shop&client_secret=shop-secret',
      ),
    ],
    [
      'with another parameter in the query',
      tokenRequest({ ...GRANT, ...SHOP }, {}, 'https://api.example.com/token?tenant=1'),
    ],
    [
      'with a query that has client_secret only as a value or as a part of a name',
      tokenRequest(
        { ...GRANT, ...SHOP },
        {},
        'https://api.example.com/?%=client_secret&my_client_secret=1',
      ),
    ],
  ])('may send it %s', async (_name, request) => {
    const { endpoint } = testEndpoint()
    expect((await answerOf(endpoint(request))).status).toBe(200)
  })

  test('gets a new credential each time, and the old one stays valid', async () => {
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

  test('has no row in the database a day after its credential expired', async () => {
    const { endpoint, mac, clock } = testEndpoint({ expiresSeconds: 60 })
    await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    clock.seconds += 60 + 86_400 - 1
    await mac.prune()
    expect(await mac.listCredentials()).toHaveLength(1)
    clock.seconds += 1
    await mac.prune()
    expect(await mac.listCredentials()).toEqual([])
  })

  test('gets a credential if the handler is called with an object that has the request, and more arguments', async () => {
    const { endpoint } = testEndpoint()
    const event = { request: tokenRequest({ ...GRANT, ...SHOP }), params: {} }
    expect((await endpoint(event, 'more')).status).toBe(200)
  })
})

describe('the settings of a credential', () => {
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

  test('come from the client: lifetime, label and rate limit', async () => {
    const rateLimit = { requests: 5, seconds: 10 }
    const client = { user: 'ada', expiresSeconds: 60, label: 'till 4', rateLimit }
    const { json, credential, clock } = await ask(client)
    expect(json.expires_in).toBe(60)
    expect(credential).toMatchObject({ label: 'till 4', rateLimit, scopes: [] })
    expect(credential?.expires?.getTime()).toBe((clock.seconds + 60) * 1000)
    expect((await ask({ user: 'ada', label: null })).credential?.label).toBe(null)
  })

  test('come from the endpoint, if the client has none', async () => {
    const options = { expiresSeconds: 7, algorithm: 'hmac-sha-1' }
    const { json, credential } = await ask({ user: 'ada' }, options)
    expect(json).toMatchObject({ expires_in: 7, mac_algorithm: 'hmac-sha-1' })
    expect(credential?.algorithm).toBe('hmac-sha-1')
    expect('scope' in json).toBe(false)
  })

  test('come from a function: the algorithm for each client', async () => {
    const algorithm = (client: unknown) => {
      expect(client).toEqual({ clientId: 'shop', user: '7', scopes: ['a'] })
      return Promise.resolve('hmac-sha-1')
    }
    const { json } = await ask({ user: 7, scopes: ['a'] }, { algorithm })
    expect(json.mac_algorithm).toBe('hmac-sha-1')
  })

  test.each([
    ['all its scopes, if it asks for none', { scopes: ['a', 'b'] }, {}, 'a b'],
    [
      'the default scopes, if it asks for none',
      { scopes: ['a', 'b'], scopesByDefault: ['b'] },
      {},
      'b',
    ],
    ['no scopes, if the default is empty', { scopes: ['a'], scopesByDefault: [] }, {}, undefined],
    [
      'the scopes that it asks for, once each',
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
    ['a scope that it may not have', 'c'],
    ['one scope too many', 'a c'],
    ['a scope in another case', 'A'],
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

test('the hooks get issued credentials and rejected requests, but never a key or a secret', async () => {
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
  const logged = JSON.stringify([issued, refused])
  for (const secret of ['shop-secret', 'guess', String(json.mac_key)]) {
    expect(logged).not.toContain(secret)
  }
})

test('a hook that throws does not change the answer', async () => {
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
  ['the same secret', 'a-secret', 'a-secret', true],
  ['another secret', 'a-secret', 'b-secret', false],
  ['a longer secret', 'a-secret', 'a-secret-', false],
  ['no stored secret', 'a-secret', undefined, false],
  ['null', 'a-secret', null, false],
  ['two empty secrets', '', '', false],
  ['an empty secret, and no stored one', '', undefined, false],
])('secretsAreEqual compares with the stored secret: %s', (_name, sent, kept, equal) => {
  expect(secretsAreEqual(sent, kept)).toBe(equal)
})

describe('createTokenEndpoint throws a TypeError', () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const authenticateClient = () => null
  test.each([
    ['without authenticateClient', {}, 'authenticateClient'],
    ['with an unknown option', { authenticateClient, expires: 1 }, 'expires'],
    ['with another algorithm', { authenticateClient, algorithm: 'md5' }, 'hmac-sha-256'],
    ['with a lifetime of 0', { authenticateClient, expiresSeconds: 0 }, 'expiresSeconds'],
    [
      'with a lifetime of three years',
      { authenticateClient, expiresSeconds: 1e8 },
      'expiresSeconds',
    ],
    [
      'with an issueLimit of 0 requests',
      { authenticateClient, issueLimit: { requests: 0, seconds: 1 } },
      'issueLimit',
    ],
    [
      'with an origin that is not valid',
      { authenticateClient, origin: 'api.example.com' },
      'origin',
    ],
    [
      'with origin and trustProxy',
      { authenticateClient, origin: 'https://a.example', trustProxy: true },
      'trustProxy',
    ],
    [
      'with a clientAddress that is not a function',
      { authenticateClient, clientAddress: '::1' },
      'clientAddress',
    ],
    ['with a hook that is not a function', { authenticateClient, onIssue: 'log' }, 'onIssue'],
  ])('%s', (_name, options, named) => {
    const make = () => createTokenEndpoint(mac, options as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(named)
  })

  test('for an object that createMac did not return', () => {
    for (const wrong of [{ ...mac }, {}, null, undefined]) {
      expect(() => createTokenEndpoint(wrong as never, { authenticateClient })).toThrow(TypeError)
    }
  })
})
