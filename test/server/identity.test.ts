import { createMac, getMac, getMacError, MacError, type RequestSource } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
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

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

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

const within: readonly [string, (request: Request) => RequestSource][] = [
  ['the context of SvelteKit, Astro, React Router and Elysia', (request) => ({ request })],
  ['the context of Hono', (raw) => ({ req: { raw } })],
  ['the event of h3', (req) => ({ req })],
  ["Hono's request", (raw) => ({ raw })],
]

test.each(within)('getMac takes %s', async (_, wrapped) => {
  const look = (given: Request) => [getMac(wrapped(given))?.user, getMacError(wrapped(given))]
  expect(await inside(signed(ada, URL), look)).toEqual(['ada', null])
  expect(() => getMac(wrapped(new Request(URL)))).toThrow('withMac has not seen')
})

describe('in the application of a framework', () => {
  /** @returns What `look` returns in an object with `fetch`; what it throws, as its code. */
  async function inApp(request: Request, look: (request: Request) => unknown): Promise<unknown> {
    let seen: unknown
    const fetch = async (given: Request) => {
      await null
      try {
        seen = look(given)
      } catch (error) {
        seen = (error as MacError).code
      }
      return new Response()
    }
    await mac.withMac({ fetch }, { mode: 'optional' })(request)
    return seen
  }
  const copied = (change: (copy: Request) => void) => (request: Request) => {
    const copy = new Request(request)
    change(copy)
    return getMac(copy)?.user
  }

  test('getMac finds the identity of a copy, a clone, and a request with another body', async () => {
    const copies: readonly ((request: Request) => Request)[] = [
      (request) => new Request(request),
      (request) => request.clone(),
      (request) => new Request(request, { headers: [...request.headers, ['x-added', 'yes']] }),
      (request) => new Request(request.url, { headers: request.headers }),
    ]
    for (const copy of copies) {
      const look = (request: Request) => [
        getMac(copy(request))?.user,
        getMac({ req: { raw: copy(request) } })?.user,
        getMacError(copy(request)),
      ]
      expect(await inApp(signed(ada, URL), look)).toEqual(['ada', 'ada', null])
    }
  })

  test('not of a request with another URL, method or Authorization', async () => {
    const other = signed(ada, URL)
    const changed: readonly ((request: Request) => Request)[] = [
      ({ headers }) => new Request(`${URL}?b`, { headers }),
      ({ headers }) => new Request('http://example.com/', { headers }),
      ({ headers }) => new Request('http://evil.example/a', { headers }),
      ({ headers }) => new Request(URL, { method: 'POST', headers }),
      () => new Request(URL),
      () => other,
    ]
    for (const change of changed) {
      const look = (request: Request) => getMac(change(request))
      expect(await inApp(signed(ada, URL), look)).toBe('ERR_MAC_NOT_VERIFIED')
    }
    const strip = copied((copy) => copy.headers.delete('authorization'))
    expect(await inApp(signed(ada, URL), strip)).toBe('ERR_MAC_NOT_VERIFIED')
  })

  test('not after the handler has returned, and not outside of its call', async () => {
    const original = signed(ada, URL)
    let later: Promise<unknown> | null = null
    const fetch = () => {
      const copy = new Request(original)
      later = new Promise((resolve) => setTimeout(resolve, 5)).then(() => getMac(copy))
      later.catch(() => {})
      return new Response()
    }
    await mac.withMac({ fetch })(original)
    await expect(later as unknown as Promise<unknown>).rejects.toThrow('withMac has not seen')
    expect(() => getMac(new Request(original))).toThrow('withMac has not seen')
  })

  test('a timer that outlives the handler does not keep its request', async () => {
    const gc = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun?.gc
    const requests: WeakRef<Request>[] = []
    const timers: ReturnType<typeof setInterval>[] = []
    const fetch = () => {
      timers.push(setInterval(() => {}, 60_000))
      return new Response()
    }
    const app = mac.withMac({ fetch })
    for (let at = 0; at < 20; at++) {
      const request = signed(ada, URL)
      requests.push(new WeakRef(request))
      expect((await app(request)).status).toBe(200)
    }
    for (let round = 0; gc !== undefined && round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      gc(true)
    }
    for (const timer of timers) clearInterval(timer)
    if (gc === undefined) return
    expect(requests.filter((held) => held.deref() !== undefined).length).toBeLessThan(10)
  })

  test('a replay that runs at the same time never gets the identity of the original', async () => {
    const header = signed(ada, URL).headers.get('authorization') ?? ''
    const arriving = () => new Request(URL, { headers: { authorization: header } })
    const seen: unknown[] = []
    const both = withResolvers()
    let waiting = 0
    const fetch = async (given: Request) => {
      waiting++
      if (waiting === 2) both.resolve()
      await both.promise
      seen.push([getMac(new Request(given))?.user ?? null, getMacError(new Request(given))?.code])
      return new Response()
    }
    const app = mac.withMac({ fetch }, { mode: 'optional' })
    const unprotected = both.promise.then(() => getMac(arriving()))
    unprotected.catch(() => {})
    await Promise.all([app(arriving()), app(arriving())])
    expect(seen).toHaveLength(2)
    expect(seen).toContainEqual(['ada', undefined])
    expect(seen).toContainEqual([null, 'ERR_MAC_REPLAY'])
    await expect(unprotected).rejects.toThrow('withMac has not seen')
  })
})

test('if another copy of withmac has verified the request, the error says so', async () => {
  const shared = globalThis as unknown as Record<symbol, { has(request: object): boolean }[]>
  const copies = shared[Symbol.for('withmac.copies')] ?? []
  const request = new Request(URL)
  copies.push({ has: (given) => given === request })
  copies.push({
    has: () => {
      throw new Error('of a later version')
    },
  })
  try {
    expect(() => getMac(request)).toThrow('getMac belongs to another copy of withmac')
    expect(() => getMacError({ request })).toThrow('getMacError belongs to another copy')
    expect(() => getMac(new Request(URL))).toThrow('withMac has not seen')
  } finally {
    copies.splice(-2)
  }
  // This copy tells the others too, and nothing but whether it knows the request.
  const seen = await inside(signed(ada, URL), (given) => copies.map((copy) => copy.has(given)))
  expect(seen).toEqual([true])
  expect(copies.map((copy) => copy.has(request))).toEqual([false])
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
