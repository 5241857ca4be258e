import { getMac, type Mac } from '../../src/index.ts'
import { createTestMac, type TestMacOptions } from '../../src/testing/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'

/** An application as it may be: it is given its Mac. */
const createApp = (mac: Mac) =>
  mac.withMac(async (request) => {
    const { user = null, ext = null, bodyVerified = null } = getMac(request) ?? {}
    const { pathname } = new URL(request.url)
    const said = await request.text()
    return Response.json({ user, ext, bodyVerified, method: request.method, pathname, said })
  })

describe('a signed request', () => {
  test('is let in, and so is the next', async () => {
    const { mac, credential, signedRequest } = await createTestMac()
    const app = createApp(mac)
    for (let count = 0; count < 3; count++) {
      const answer = await app(await signedRequest('http://localhost/orders'))
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ user: 'tester', pathname: '/orders' })
    }
    expect(credential).toMatchObject({ user: 'tester', expires: null })
  })

  test('may be of any user, method and body, with fields and ext', async () => {
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

  test('follows the clock, wherever it is set', async () => {
    const { mac, clock, signedRequest } = await createTestMac()
    const app = createApp(mac)
    for (const time of [clock.now() + 1_000_000, 1_000_000_000, 50_000_000_000]) {
      clock.set(time)
      // A clock that goes back meets nonces of the future, which are kept.
      expect(await outcome(app(await signedRequest('/')))).toBe('200')
    }
  })

  test('may name its path alone, on the host of the origin', async () => {
    const origin = 'https://api.example.com'
    const { mac, signedRequest } = await createTestMac({ origin })
    const request = await signedRequest('/orders')
    expect(request.url).toBe('https://api.example.com/orders')
    expect(await outcome(createApp(mac)(request))).toBe('200')
    const free = await createTestMac()
    expect((await free.signedRequest('/orders')).url).toBe('http://localhost/orders')
  })
})

describe('a request that must be refused', () => {
  test('is stale when the clock has moved on', async () => {
    const { mac, clock, signedRequest } = await createTestMac({ windowSeconds: 60 })
    const app = createApp(mac)
    const [one, other] = [await signedRequest('/'), await signedRequest('/')]
    clock.advance(60)
    expect(await outcome(app(one))).toBe('200')
    clock.advance(1)
    expect(await outcome(app(other))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  })

  test('is a replay when its clone came first, or its nonce is given twice', async () => {
    const { mac, signedRequest } = await createTestMac()
    const app = createApp(mac)
    const request = await signedRequest('/')
    expect(await outcome(app(request.clone()))).toBe('200')
    expect(await outcome(app(request))).toBe('401 ERR_MAC_REPLAY')
    expect(await outcome(app(await signedRequest('/', { nonce: 'n' })))).toBe('200')
    expect(await outcome(app(await signedRequest('/', { nonce: 'n' })))).toBe('401 ERR_MAC_REPLAY')
  })

  test('has a credential that was revoked, of this user alone', async () => {
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

describe('bodies are bound', () => {
  const init = { method: 'POST', body: 'hello' }

  test('where the Mac looks at them', async () => {
    for (const body of ['required', 'optional'] as const) {
      const { mac, signedRequest } = await createTestMac({ body })
      const answer = await createApp(mac)(await signedRequest('/', init))
      expect(await answer.json()).toMatchObject({ bodyVerified: true, said: 'hello', ext: null })
      expect(await outcome(createApp(mac)(await signedRequest('/')))).toBe('200')
    }
  })

  test('or where a request says so', async () => {
    const { mac, signedRequest } = await createTestMac()
    const strict = mac.withMac(() => new Response(), { body: 'required' })
    const answer = strict(await signedRequest('/', init))
    expect(await outcome(answer)).toBe('401 ERR_MAC_BODY_MISSING')
    const bound = await signedRequest('/', { ...init, bindBody: true, ext: 'a' })
    expect(await outcome(strict(bound))).toBe('200')
  })
})

test('two of them have nothing in common', async () => {
  const [one, other] = [await createTestMac(), await createTestMac()]
  const request = await one.signedRequest('/')
  expect(await outcome(createApp(other.mac)(request))).toBe('401 ERR_MAC_REJECTED')
})

test('a wrong option is named', async () => {
  await expect(createTestMac({ windowSeconds: 0 })).rejects.toThrow('windowSeconds')
  const misspelled = { windowSecond: 5 } as object
  await expect(createTestMac(misspelled)).rejects.toThrow(/windowSecond/)
})

test.each([['database'], ['now']])('%s is refused', async (name) => {
  const options = { [name]: undefined } as TestMacOptions
  await expect(createTestMac(options)).rejects.toThrow(`brings its own ${name}`)
})

test('every credential has the scopes that were asked for', async () => {
  const scopes = ['orders:read', 'orders:write']
  const { mac, signedRequest, credentialOf } = await createTestMac({ scopes })
  expect((await credentialOf('ada')).scopes).toEqual(scopes)
  const app = mac.withMac((request) => Response.json(getMac(request)?.scopes))
  expect(await (await app(await signedRequest('/'))).json()).toEqual(scopes)
})
