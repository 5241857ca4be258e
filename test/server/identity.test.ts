import { createMac, getMac, getMacError, MacError } from '../../src/index.ts'
import { expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada', { label: 'laptop' })

/** @returns What `look` returns inside a handler that is called with this request. */
async function inside<Seen>(request: Request, look: (request: Request) => Seen): Promise<Seen> {
  const seen: Seen[] = []
  const app = mac.withMac(
    (given) => {
      seen.push(look(given))
      return new Response()
    },
    { mode: 'optional' },
  )
  await app(request)
  const [first] = seen
  if (first === undefined) throw new Error('the handler was not called')
  return first
}

test('the identity contains the credential and what was signed', async () => {
  const ts = Math.floor(Date.now() / 1000)
  const request = signed(ada, URL, { ts, nonce: 'n-1', ext: 'a,b' })
  expect(await inside(request, getMac)).toEqual({
    user: 'ada',
    id: ada.id,
    algorithm: 'hmac-sha-256',
    label: 'laptop',
    expires: ada.expires,
    scopes: [],
    keyNumber: 1,
    graceEnds: null,
    ext: 'a,b',
    bodyVerified: false,
    timestamp: ts,
    nonce: 'n-1',
  })
})

test('the identity is frozen, and contains no key', async () => {
  const identity = await inside(signed(ada, URL), getMac)
  expect(Object.isFrozen(identity)).toBe(true)
  expect(JSON.stringify(identity)).not.toContain(ada.key)
})

test('an anonymous caller has neither an identity nor an error', async () => {
  const look = (request: Request) => [getMac(request), getMacError(request)]
  expect(await inside(new Request(URL), look)).toEqual([null, null])
})

test('an accepted caller has an identity and no error', async () => {
  const look = (request: Request) => [getMac(request)?.user, getMacError(request)]
  expect(await inside(signed(ada, URL), look)).toEqual(['ada', null])
})

test('a rejected caller has no identity, and an error that says why', async () => {
  const request = signed(ada, URL, { mac: 'AAAA' })
  const look = (given: Request) => ({ identity: getMac(given), error: getMacError(given) })
  const { identity, error } = await inside(request, look)
  expect(identity).toBeNull()
  expect(error).toBeInstanceOf(MacError)
  expect(error).toMatchObject({ code: 'ERR_MAC_MISMATCH', status: 401 })
})

test('getMac still works after the handler has returned', async () => {
  const request = signed(ada, URL)
  await mac.withMac(() => new Response())(request)
  expect(getMac(request)?.user).toBe('ada')
})

const unseen: readonly [string, (seen: Request) => Request][] = [
  ['a request that withMac has not seen', () => new Request(URL)],
  ['a clone', (seen) => seen.clone()],
  ['a copy', (seen) => new Request(seen)],
]

test.each(unseen)('%s makes getMac and getMacError throw', async (_, make) => {
  const seen = signed(ada, URL)
  await mac.withMac(() => new Response())(seen)
  for (const look of [getMac, getMacError]) {
    let error: unknown = null
    try {
      look(make(seen))
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(MacError)
    expect((error as MacError).code).toBe('ERR_MAC_NOT_VERIFIED')
    expect((error as MacError).message).toMatch(new RegExp(`^${look.name}`))
  }
})

test('getMac throws for a request that was rejected', async () => {
  const request = new Request(URL)
  expect((await mac.withMac(() => new Response())(request)).status).toBe(401)
  expect(() => getMac(request)).toThrow(MacError)
})

test('getMac throws for a proxy of a request, and for an object that inherits from it', async () => {
  const look = (request: Request) => [Object.create(request), new Proxy(request, {})]
  const others = await inside(signed(ada, URL), look)
  for (const other of others) expect(() => getMac(other)).toThrow('withMac has not seen')
})

test('a frozen request works too, and a second verdict replaces the first', async () => {
  // Deno cannot read the URL of a frozen request.
  const frozen = process.versions.deno === undefined ? [Object.freeze(signed(ada, URL))] : []
  for (const request of [signed(ada, URL), ...frozen]) {
    expect(await inside(request, (given) => getMac(given)?.user)).toBe('ada')
    expect(await inside(request, (given) => getMacError(given)?.code)).toBe('ERR_MAC_REPLAY')
  }
})

test('withMac adds no property to the request', async () => {
  const request = signed(ada, URL)
  const keys = Reflect.ownKeys(request)
  expect(await inside(request, Reflect.ownKeys)).toEqual(keys)
})

test('getMac throws a clear error for a value that is not a request', () => {
  for (const wrong of [null, undefined, 'GET /', {}, () => {}]) {
    expect(() => getMac(wrong as unknown as Request)).toThrow('withMac has not seen')
  }
})

test('an anonymous caller reaches the handler in the same turn', () => {
  const seen: unknown[] = []
  const app = mac.withMac(
    (request) => {
      seen.push(getMac(request))
      return new Response()
    },
    { mode: 'optional' },
  )
  app(new Request(URL))
  expect(seen).toEqual([null])
})
