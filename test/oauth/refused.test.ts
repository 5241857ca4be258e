import { createMac } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { streamOf } from '../support/bound.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, SHOP, testEndpoint, tokenRequest } from './endpoint.ts'

const FORM = 'grant_type=client_credentials&client_id=shop&client_secret=shop-secret'
const TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const post = (init: RequestInit) =>
  new Request('https://api.example.com/token', { method: 'POST', headers: TYPE, ...init })

const CASES: readonly (readonly [
  name: string,
  request: () => Request,
  status: number,
  error: string,
])[] = [
  ['no grant_type', () => tokenRequest(SHOP), 400, 'invalid_request'],
  ['an empty grant_type', () => tokenRequest({ ...SHOP, grant_type: '' }), 400, 'invalid_request'],
  [
    'another grant_type',
    () => tokenRequest({ ...SHOP, grant_type: 'password' }),
    400,
    'unsupported_grant_type',
  ],
  [
    'a refresh token',
    () => tokenRequest({ ...SHOP, grant_type: 'refresh_token', refresh_token: 'a' }),
    400,
    'unsupported_grant_type',
  ],
  [
    'grant_type twice',
    () => tokenRequest(`${FORM}&grant_type=client_credentials`),
    400,
    'invalid_request',
  ],
  ['client_id twice', () => tokenRequest(`${FORM}&client%5Fid=shop`), 400, 'invalid_request'],
  [
    'client_secret twice',
    () => tokenRequest(`${FORM}&client_secret=other`),
    400,
    'invalid_request',
  ],
  ['scope twice', () => tokenRequest(`${FORM}&scope=a&scope=a`), 400, 'invalid_request'],
  ['a lone %', () => tokenRequest(`${FORM}&a=%`), 400, 'invalid_request'],
  ['%zz', () => tokenRequest(`${FORM}&%zz=a`), 400, 'invalid_request'],
  ['%FF, which is not UTF-8', () => tokenRequest(`${FORM}&a=%FF`), 400, 'invalid_request'],
  [
    'bytes that are not UTF-8',
    () => post({ body: new Uint8Array([0x61, 0x3d, 0xff]) }),
    400,
    'invalid_request',
  ],
  ['an empty body', () => tokenRequest(''), 400, 'invalid_request'],
  ['no body', () => post({}), 400, 'invalid_request'],
  ['no content type', () => tokenRequest(FORM, { 'content-type': '' }), 400, 'invalid_request'],
  [
    'JSON',
    () => tokenRequest('{}', { 'content-type': 'application/json' }),
    400,
    'invalid_request',
  ],
  [
    'a multipart form',
    () => tokenRequest(FORM, { 'content-type': 'multipart/form-data; boundary=a' }),
    400,
    'invalid_request',
  ],
  [
    'a longer content type',
    () => tokenRequest(FORM, { 'content-type': 'application/x-www-form-urlencoded2' }),
    400,
    'invalid_request',
  ],
  [
    'a body of more than 16 KiB',
    () => tokenRequest(`${FORM}&a=${'a'.repeat(16_384)}`),
    413,
    'invalid_request',
  ],
  [
    'a stream of more than 16 KiB',
    () => post({ body: streamOf(Array(17).fill('a'.repeat(1024))), duplex: 'half' } as RequestInit),
    413,
    'invalid_request',
  ],
  [
    'a secret in the URI',
    () =>
      tokenRequest(
        GRANT,
        {},
        'https://api.example.com/token?client_id=shop&client_secret=shop-secret',
      ),
    400,
    'invalid_request',
  ],
  ...['client%5Fsecret=shop-secret', 'a=b&client%5fsecret=', '&client_secret&a'].map(
    (query): (typeof CASES)[number] => [
      `a secret in the URI, as ${query}`,
      () =>
        tokenRequest(GRANT, basic('shop:shop-secret'), `https://api.example.com/token?${query}`),
      400,
      'invalid_request',
    ],
  ),
  [
    'Basic and a secret in the body',
    () => tokenRequest({ ...GRANT, client_secret: 'shop-secret' }, basic('shop:shop-secret')),
    400,
    'invalid_request',
  ],
  [
    'Basic and another name in the body',
    () => tokenRequest({ ...GRANT, client_id: 'plain' }, basic('shop:shop-secret')),
    400,
    'invalid_request',
  ],
  ['no client authentication', () => tokenRequest(GRANT), 401, 'invalid_client'],
  ['only a name', () => tokenRequest({ ...GRANT, client_id: 'shop' }), 401, 'invalid_client'],
  [
    'only a secret',
    () => tokenRequest({ ...GRANT, client_secret: 'shop-secret' }),
    401,
    'invalid_client',
  ],
  [
    'an empty secret',
    () => tokenRequest({ ...GRANT, ...SHOP, client_secret: '' }),
    401,
    'invalid_client',
  ],
  [
    'a wrong secret',
    () => tokenRequest({ ...GRANT, ...SHOP, client_secret: 'shop-secret ' }),
    401,
    'invalid_client',
  ],
  [
    'an unknown client',
    () => tokenRequest({ ...GRANT, ...SHOP, client_id: 'nobody' }),
    401,
    'invalid_client',
  ],
  [
    'the name of a property of Object.prototype',
    () => tokenRequest({ ...GRANT, ...SHOP, client_id: 'constructor' }),
    401,
    'invalid_client',
  ],
  [
    'a name that is too long',
    () => tokenRequest({ ...GRANT, ...SHOP, client_id: 'a'.repeat(1025) }),
    401,
    'invalid_client',
  ],
  [
    'a line feed in the name',
    () => tokenRequest({ ...GRANT, ...SHOP, client_id: 'shop\n' }),
    401,
    'invalid_client',
  ],
  [
    'a NUL in the secret',
    () => tokenRequest({ ...GRANT, ...SHOP, client_secret: 'shop-secret\0' }),
    401,
    'invalid_client',
  ],
  [
    'a wrong secret with Basic',
    () => tokenRequest(GRANT, basic('shop:guess')),
    401,
    'invalid_client',
  ],
  ['an empty secret with Basic', () => tokenRequest(GRANT, basic('shop:')), 401, 'invalid_client'],
  [
    'an empty name with Basic',
    () => tokenRequest(GRANT, basic(':shop-secret')),
    401,
    'invalid_client',
  ],
  ['Basic without a colon', () => tokenRequest(GRANT, basic('shop')), 401, 'invalid_client'],
  [
    'Basic without a value',
    () => tokenRequest(GRANT, { authorization: 'Basic' }),
    401,
    'invalid_client',
  ],
  [
    'Basic that is not base64',
    () => tokenRequest(GRANT, { authorization: 'Basic c2hvcDpzaG9w!' }),
    401,
    'invalid_client',
  ],
  [
    'Basic without padding',
    () =>
      tokenRequest(GRANT, {
        authorization: `Basic ${btoa('shop:shop-secret').replace(/=+$/, '')}`,
      }),
    401,
    'invalid_client',
  ],
  [
    'Basic twice',
    () =>
      tokenRequest(GRANT, {
        authorization: `${basic('shop:shop-secret').authorization}, Basic YTpi`,
      }),
    401,
    'invalid_client',
  ],
  [
    'Basic that is not UTF-8',
    () =>
      tokenRequest(GRANT, {
        authorization: `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`,
      }),
    401,
    'invalid_client',
  ],
  [
    'Basic that is not form-encoded',
    () => tokenRequest(GRANT, basic('shop:100%')),
    401,
    'invalid_client',
  ],
  [
    'a Bearer token',
    () => tokenRequest(GRANT, { authorization: 'Bearer abc' }),
    401,
    'invalid_client',
  ],
  [
    'a Bearer token, and a secret in the body',
    () => tokenRequest({ ...GRANT, ...SHOP }, { authorization: 'Bearer abc' }),
    400,
    'invalid_request',
  ],
  [
    'a client that may not have credentials',
    () => tokenRequest({ ...GRANT, client_id: 'closed', client_secret: 'closed-secret' }),
    400,
    'unauthorized_client',
  ],
]

test.each(CASES)('gives no credential for %s', async (_name, request, status, error) => {
  const { endpoint, mac, refused, issued, failed } = testEndpoint()
  const answer = await answerOf(endpoint(request()))
  expect([answer.status, answer.json.error]).toEqual([status, error])
  expect(Object.keys(answer.json)).toEqual(['error', 'error_description'])
  expect(answer.json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatchObject({ error, status, description: answer.json.error_description })
  expect([issued, failed, await mac.listCredentials()]).toEqual([[], [], []])
})

test.each([
  ['a wrong secret with Basic', tokenRequest(GRANT, basic('shop:guess'))],
  ['another scheme', tokenRequest(GRANT, { authorization: 'Bearer abc' })],
  ['no client authentication', tokenRequest(GRANT)],
  ['a wrong secret in the body', tokenRequest({ ...GRANT, ...SHOP, client_secret: 'guess' })],
  ['an empty secret in the body', tokenRequest({ ...GRANT, client_id: 'shop', client_secret: '' })],
])('answers with a challenge for %s', async (_name, request) => {
  const { status, headers } = await answerOf(testEndpoint().endpoint(request))
  const challenge = 'Basic realm="token endpoint", charset="UTF-8"'
  expect([status, headers.get('www-authenticate')]).toEqual([401, challenge])
})

test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('answers %s with 405', async (method) => {
  const { endpoint, refused } = testEndpoint()
  const request = new Request('https://api.example.com/token', {
    method,
    headers: basic('shop:shop-secret'),
  })
  const { status, headers, json } = await answerOf(endpoint(request))
  expect([status, headers.get('allow'), json.error]).toEqual([405, 'POST', 'invalid_request'])
  expect(refused).toHaveLength(1)
})

test('answers 400 at once if the body was read before', async () => {
  const request = tokenRequest({ ...GRANT, ...SHOP })
  await request.text()
  expect((await answerOf(testEndpoint().endpoint(request))).status).toBe(400)
})

test('gives the same answer to an unknown client and to a wrong secret', async () => {
  const { endpoint } = testEndpoint()
  const answers = await Promise.all(
    ['shop', 'nobody'].map((name) =>
      answerOf(endpoint(tokenRequest(GRANT, basic(`${name}:guess`)))),
    ),
  )
  const [one, other] = answers.map(({ status, headers, json }) => [status, [...headers], json])
  expect(one).toEqual(other)
})

describe('a failure of the server', () => {
  const secret = 'postgres://user:password@db'
  const failing = () => {
    throw new Error(secret)
  }
  test.each([
    ['authenticateClient throws', { authenticateClient: failing }],
    ['authenticateClient rejects', { authenticateClient: async () => failing() }],
    ['authenticateClient returns true', { authenticateClient: () => true }],
    ['authenticateClient returns no user', { authenticateClient: () => ({ scopes: [] }) }],
    [
      'authenticateClient misspells scopes',
      { authenticateClient: () => ({ user: 'a', scope: 'b' }) },
    ],
    [
      'authenticateClient returns a scope that is not valid',
      { authenticateClient: () => ({ user: 'a', scopes: ['a b'] }) },
    ],
    [
      'authenticateClient returns a default scope that is not in scopes',
      { authenticateClient: () => ({ user: 'a', scopesByDefault: ['a'] }) },
    ],
    [
      'authenticateClient returns an unknown error',
      { authenticateClient: () => ({ error: 'no' }) },
    ],
    [
      'authenticateClient returns a description that is not valid',
      { authenticateClient: () => ({ error: 'unauthorized_client', description: '"' }) },
    ],
    ['algorithm throws', { algorithm: failing }],
    ['algorithm returns an unknown one', { algorithm: () => 'md5' }],
    ['origin throws', { origin: failing }],
  ])('is shown only to the operator: %s', async (_name, options) => {
    const { endpoint, failed, refused, issued } = testEndpoint(options as never)
    const { status, json } = await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    expect([status, json]).toEqual([
      503,
      {
        error: 'temporarily_unavailable',
        error_description: 'No credential can be issued now.',
      },
    ])
    expect(failed).toHaveLength(1)
    expect(failed[0]?.code).toBe('ERR_MAC_CALLBACK')
    expect(failed[0]?.cause).toBeInstanceOf(Error)
    expect([refused, issued]).toEqual([[], []])
  })

  test('may be a closed store', async () => {
    const { endpoint, failed, mac } = testEndpoint()
    await mac.close()
    const { status } = await answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    expect([status, failed[0]?.code]).toEqual([503, 'ERR_MAC_CLOSED'])
  })

  test('goes to console.error if there is no onError', async () => {
    const mac = createMac({ database: 'sqlite::memory:' })
    const endpoint = createTokenEndpoint(mac, { authenticateClient: failing })
    const log = console.error
    const shown: unknown[] = []
    console.error = (...texts) => shown.push(...texts)
    try {
      expect((await endpoint(tokenRequest({ ...GRANT, ...SHOP }))).status).toBe(503)
    } finally {
      console.error = log
    }
    expect(shown[0]).toContain(
      'ERR_MAC_CALLBACK: The function given as authenticateClient failed: ',
    )
    expect(String(shown)).not.toContain('shop-secret')
  })
})
