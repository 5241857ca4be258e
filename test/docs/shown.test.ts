import { createHash, randomUUID } from 'node:crypto'
import { createMac } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { createTestMac, signedRequest } from '../../src/testing/index.ts'
import { expect, spyOn, test } from '../support/runner.ts'
import { block } from './pages.ts'

/* Compares responses and output in the documentation with those of withmac. */

test('the response to a replay has the documented body', async () => {
  const { mac, signedRequest } = await createTestMac({ onReject: () => {} })
  const app = mac.withMac(() => new Response())
  const request = await signedRequest('/')
  await app(request.clone())
  const problem = await (await app(request)).json()
  const shown = JSON.parse(block('urn:problem-type').code)
  expect({ ...problem, reference: shown.reference }).toEqual(shown)
  expect(problem.reference).toMatch(/^[0-9a-f]{12}$/)
})

test('a token endpoint sends the documented response', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const scopes = ['orders:read']
  const token = createTokenEndpoint(mac, { authenticateClient: () => ({ user: 'ada', scopes }) })
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'shop',
    client_secret: randomUUID(),
  })
  const answer = await token(new Request('https://a.test/token', { method: 'POST', body }))
  const shown = JSON.parse(block('"access_token"').code)
  const { access_token, mac_key } = shown
  expect({ ...(await answer.json()), access_token, mac_key }).toEqual(shown)
  await mac.close()
})

test('a challenge with the server’s time is the documented one', async () => {
  const { mac, clock, signedRequest } = await createTestMac({
    onReject: () => {},
    startsAt: 1_790_000_000 - 400,
  })
  const late = await signedRequest('/')
  clock.advance(400)
  const answer = await mac.withMac(() => new Response())(late)
  const challenge = answer.headers.get('www-authenticate')?.replace(/tsm=".*?"/, 'tsm="…"')
  expect(`WWW-Authenticate: ${challenge}\n`).toBe(block('tsm=').code)
})

test('a response above the rate limit has the documented header fields', async () => {
  const rateLimit = { requests: { requests: 1000, seconds: 60 } }
  const { mac, signedRequest } = await createTestMac({ rateLimit, onReject: () => {} })
  const app = mac.withMac(() => new Response())
  for (let sent = 0; sent < 1000; sent++) await app(await signedRequest('/'))
  const { headers } = await app(await signedRequest('/'))
  const fields = ['RateLimit-Policy', 'RateLimit', 'Retry-After'].map(
    (name) => `${name}: ${headers.get(name)}\n`,
  )
  const seconds = /t=17|After: 17/g
  const left = headers.get('Retry-After') ?? ''
  expect(fields.join('')).toBe(
    block('RateLimit-Policy').code.replace(seconds, (text) => text.replace('17', left)),
  )
})

test('the documented ext has the right digest of its body', () => {
  const digest = createHash('sha256').update('hello').digest('base64')
  expect(block('ext="sha-256').code).toBe(`ext="sha-256=:${digest}: a,b,c"\n`)
})

test('the log line for a rejected request is the documented one', async () => {
  const { NODE_ENV } = process.env
  const printed = spyOn(console, 'error').mockImplementation(() => {})
  try {
    Object.assign(process.env, { NODE_ENV: 'development' })
    const { mac, credential } = await createTestMac()
    const url = 'http://localhost/orders/7'
    const wrong = { ...credential, key: 'another' }
    const answer = await mac.withMac(() => new Response())(
      await signedRequest(url, { credential: wrong }),
    )
    const { reference } = await answer.json()
    const [line] = printed.mock.calls.map((values) => values.join(' '))
    expect(`${line}\n`.replace(reference, '3f2a9c81b7d4')).toBe(block('withmac: rejected').code)
  } finally {
    printed.mockRestore()
    Object.assign(process.env, { NODE_ENV })
  }
})

test('the documented header has the form of the one that the client sends', async () => {
  const { signedRequest } = await createTestMac()
  const header = (await signedRequest('/')).headers.get('authorization')
  expect(`Authorization: ${header?.replace(/"[^"]*"/g, '"…"')}\n`).toBe(
    block('Authorization: MAC id="…", ts="…", nonce="…", mac="…"\n').code,
  )
})
