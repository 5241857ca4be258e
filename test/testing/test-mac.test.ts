import { getMac, type Mac } from '../../src/index.ts'
import { createTestMac, type TestMacOptions } from '../../src/testing/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'

/** An application that takes its Mac as an argument. */
const createApp = (mac: Mac) =>
  mac.withMac(async (request) => {
    const { user = null, ext = null, bodyVerified = null } = getMac(request) ?? {}
    const { pathname } = new URL(request.url)
    const said = await request.text()
    return Response.json({ user, ext, bodyVerified, method: request.method, pathname, said })
  })

describe('a signed request of createTestMac', () => {
  test('is accepted, and so is the next one', async () => {
    const { mac, credential, signedRequest } = await createTestMac()
    const app = createApp(mac)
    for (let count = 0; count < 3; count++) {
      const answer = await app(await signedRequest('http://localhost/orders'))
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ user: 'tester', pathname: '/orders' })
    }
    expect(credential).toMatchObject({ user: 'tester', expires: null })
  })

  test('may have any user, method, header fields, body and ext', async () => {
    const { mac, signedRequest } = await createTestMac()
    const request = await signedRequest('https://api.example.com/orders?a=1', {
      user: { id: 7 },
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-mine': 'b' },
      body: '{"a":1}',
      ext: 'a,b',
    })
    expect(request.headers.get('x-mine')).toBe('b')
    const told = { user: '7', ext: 'a,b', method: 'POST', said: '{"a":1}', bodyVerified: false }
    expect(await (await createApp(mac)(request)).json()).toMatchObject(told)
  })

  test('has the time of the clock, whatever that is', async () => {
    const { mac, clock, signedRequest } = await createTestMac()
    const app = createApp(mac)
    for (const time of [clock.now() + 1_000_000, 1_000_000_000, 50_000_000_000]) {
      clock.set(time)
      // If the clock goes back, the nonces of later times are still kept.
      expect(await outcome(app(await signedRequest('/')))).toBe('200')
    }
  })

  test('may have only a path, on the host of the option origin', async () => {
    const origin = 'https://api.example.com'
    const { mac, signedRequest } = await createTestMac({ origin })
    const request = await signedRequest('/orders')
    expect(request.url).toBe('https://api.example.com/orders')
    expect(await outcome(createApp(mac)(request))).toBe('200')
    const free = await createTestMac()
    expect((await free.signedRequest('/orders')).url).toBe('http://localhost/orders')
  })
})

describe('a rejected request of createTestMac', () => {
  test('is stale if the clock was advanced', async () => {
    const { mac, clock, signedRequest } = await createTestMac({ windowSeconds: 60 })
    const app = createApp(mac)
    const [one, other] = [await signedRequest('/'), await signedRequest('/')]
    clock.advance(60)
    expect(await outcome(app(one))).toBe('200')
    clock.advance(1)
    expect(await outcome(app(other))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  })

  test('is a replay if its clone came first, or if its nonce is used twice', async () => {
    const { mac, signedRequest } = await createTestMac()
    const app = createApp(mac)
    const request = await signedRequest('/')
    expect(await outcome(app(request.clone()))).toBe('200')
    expect(await outcome(app(request))).toBe('401 ERR_MAC_REPLAY')
    expect(await outcome(app(await signedRequest('/', { nonce: 'n' })))).toBe('200')
    expect(await outcome(app(await signedRequest('/', { nonce: 'n' })))).toBe('401 ERR_MAC_REPLAY')
  })

  test('has a revoked credential; other users are still accepted', async () => {
    const { mac, credential, credentialOf, signedRequest } = await createTestMac({ user: 'ada' })
    const app = createApp(mac)
    const eve = await credentialOf('eve')
    expect((await credentialOf('ada')).id).toBe(credential.id)
    expect((await credentialOf('eve')).id).toBe(eve.id)
    await mac.revokeCredential(eve.id)
    expect(await outcome(app(await signedRequest('/', { user: 'eve' })))).toBe(
      '401 ERR_MAC_REJECTED',
    )
    expect(await outcome(app(await signedRequest('/')))).toBe('200')
  })
})

describe('createTestMac binds a body', () => {
  const init = { method: 'POST', body: 'hello' }

  test('if the option body of the Mac is required or optional', async () => {
    for (const body of ['required', 'optional'] as const) {
      const { mac, signedRequest } = await createTestMac({ body })
      const answer = await createApp(mac)(await signedRequest('/', init))
      expect(await answer.json()).toMatchObject({ bodyVerified: true, said: 'hello', ext: null })
      expect(await outcome(createApp(mac)(await signedRequest('/')))).toBe('200')
    }
  })

  test('if the request has bindBody', async () => {
    const { mac, signedRequest } = await createTestMac()
    const strict = mac.withMac(() => new Response(), { body: 'required' })
    const answer = strict(await signedRequest('/', init))
    expect(await outcome(answer)).toBe('401 ERR_MAC_BODY_MISSING')
    const bound = await signedRequest('/', { ...init, bindBody: true, ext: 'a' })
    expect(await outcome(strict(bound))).toBe('200')
  })
})

test('a test Mac keeps its nonces in memory, whatever MAC_NONCES_URL says', async () => {
  const before = process.env.MAC_NONCES_URL
  process.env.MAC_NONCES_URL = 'redis://127.0.0.1:1'
  try {
    const { mac, signedRequest } = await createTestMac()
    expect(await outcome(createApp(mac)(await signedRequest('/')))).toBe('200')
  } finally {
    if (before === undefined) delete process.env.MAC_NONCES_URL
    else process.env.MAC_NONCES_URL = before
  }
})

test('two test Macs share no credentials', async () => {
  const [one, other] = [await createTestMac(), await createTestMac()]
  const request = await one.signedRequest('/')
  expect(await outcome(createApp(other.mac)(request))).toBe('401 ERR_MAC_REJECTED')
})

test('createTestMac names a wrong option', async () => {
  await expect(createTestMac({ windowSeconds: 0 })).rejects.toThrow('windowSeconds')
  const misspelled = { windowSecond: 5 } as object
  await expect(createTestMac(misspelled)).rejects.toThrow(/windowSecond/)
})

test.each([['database'], ['nonces'], ['now']])(
  'createTestMac does not take the option %s',
  async (name) => {
    const options = { [name]: undefined } as TestMacOptions
    await expect(createTestMac(options)).rejects.toThrow(`has its own ${name}`)
  },
)

test('every credential has the scopes of the option scopes', async () => {
  const scopes = ['orders:read', 'orders:write']
  const { mac, signedRequest, credentialOf } = await createTestMac({ scopes })
  expect((await credentialOf('ada')).scopes).toEqual(scopes)
  const app = mac.withMac((request) => Response.json(getMac(request)?.scopes))
  expect(await (await app(await signedRequest('/'))).json()).toEqual(scopes)
})
