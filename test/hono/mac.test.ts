import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { type HonoMacOptions, type MacEnv, mac as macMiddleware } from '../../src/hono.ts'
import { createMac, getMac, getMacError, type MacIdentity } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { authorization, type Signing, signed } from '../support/sign.ts'

/* withmac/hono. */

const SITE = 'http://example.com'
const withmac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await withmac.createCredential('ada', { scopes: ['orders:read'] })
const mac = (options: HonoMacOptions = {}) => macMiddleware({ mac: withmac, ...options })
const sign = (path: string, signing: Signing = {}) => signed(ada, `${SITE}${path}`, signing)
/** An application whose handlers below /api are protected. */
function protectedApp(options: HonoMacOptions = {}) {
  const app = new Hono<MacEnv>()
  app.get('/open', (c) => c.text('open'))
  app.use('/api/*', mac(options) as never)
  app.all('/api/*', (c) => c.text(`hello ${c.var.mac?.user ?? 'guest'}`))
  return app
}
const text = async (answer: Response | Promise<Response>) => (await answer).text()

describe('a protected path', () => {
  const app = protectedApp()
  test('accepts a signed request once, and tells the handler who signed', async () => {
    const header = sign('/api/me').headers
    const arriving = () => app.request(`${SITE}/api/me`, { headers: header })
    expect(await text(arriving())).toBe('hello ada')
    expect(await outcome(arriving())).toBe('401 ERR_MAC_REPLAY')
  })
  test('rejects an unsigned request, with the challenge', async () => {
    const answer = await app.request(`${SITE}/api/me`)
    expect(answer.headers.get('www-authenticate')).toBe('MAC')
    expect(await outcome(answer)).toBe('401 ERR_MAC_MISSING')
  })
  test('rejects a request that was signed for another path, method or host', async () => {
    for (const signing of [{ target: '/api/you' }, { method: 'POST' }, { host: 'evil.example' }]) {
      const headers = { authorization: authorization(ada, `${SITE}/api/me`, signing) }
      expect(await outcome(app.request(`${SITE}/api/me`, { headers }))).toMatch(/^401/)
    }
  })
  test('rejects however the path is written, if Hono finds a protected handler by it', async () => {
    for (const path of ['/api', '/api/', '/%61pi/me', '/api//me', '/api/../api/me', '/api/%2e']) {
      expect(await outcome(app.request(`${SITE}${path}`))).toBe('401 ERR_MAC_MISSING')
    }
  })
  test('leaves other paths alone', async () => {
    expect(await text(app.request(`${SITE}/open`))).toBe('open')
    expect((await app.request(`${SITE}/nowhere`)).status).toBe(404)
  })
  test('answers 404 to a signed request without a handler, and 401 to an unsigned one', async () => {
    const empty = new Hono().use(mac())
    expect((await empty.request(sign('/api/x'))).status).toBe(404)
    expect((await empty.request(`${SITE}/api/x`)).status).toBe(401)
  })
})

describe('the guards of withMac hold too:', () => {
  test('a rewritten path on the wire is rejected', async () => {
    const env = { incoming: { url: '/api/../api/me', headers: {} } }
    expect(await outcome(protectedApp().fetch(sign('/api/me'), env))).toBe('401 ERR_MAC_TARGET')
    const direct = { incoming: { url: '/api/me', headers: {} } }
    expect(await text(protectedApp().fetch(sign('/api/me'), direct))).toBe('hello ada')
  })
  test('a fragment in the URL is rejected', async () => {
    const { headers } = sign('/api/me')
    const request = { url: `${SITE}/api/me#x`, method: 'GET', headers } as Request
    expect(await outcome(protectedApp().fetch(request))).toBe('401 ERR_MAC_TARGET')
  })
  test('requestTarget and clientAddress get the request, the environment and the context', async () => {
    const given: unknown[][] = []
    const app = protectedApp({
      requestTarget: (request, env, c) => {
        given.push([request.url, env.name, c.req.path])
        return '/api/raw'
      },
    })
    const request = sign('/api/me', { target: '/api/raw' })
    expect(await text(app.fetch(request, { name: 'env' }))).toBe('hello ada')
    expect(given).toEqual([[`${SITE}/api/me`, 'env', '/api/me']])
  })
})

describe('the identity', () => {
  test('is c.var.mac, and getMac returns it for the context and the request', async () => {
    const app = new Hono().get('/me', mac(), (c) => {
      const found: (MacIdentity | null)[] = [c.var.mac, getMac(c), getMac(c.req), getMac(c.req.raw)]
      return c.json(new Set(found).size)
    })
    expect(await text(app.request(sign('/me')))).toBe('1')
  })
  test('is null for an anonymous client, in the mode optional', async () => {
    const app = new Hono().use(mac({ mode: 'optional' })).get('/', (c) => {
      return c.text(`${c.var.mac?.user} ${getMacError(c)?.code}`)
    })
    expect(await text(app.request(`${SITE}/`))).toBe('undefined undefined')
    expect(await text(app.request(sign('/', { mac: 'AAAA' })))).toBe('undefined ERR_MAC_MISMATCH')
    expect(await text(app.request(sign('/')))).toBe('ada undefined')
  })
  test('is not there in a handler before the middleware', async () => {
    const app = new Hono()
      .get('/early', (c) => {
        expect(() => getMac(c)).toThrow('withMac has not seen')
        return c.text('early')
      })
      .use(mac())
    expect(await text(app.request(sign('/early')))).toBe('early')
  })
})

describe('bodyLimit, with a body of unknown length,', () => {
  const limit = () => bodyLimit({ maxSize: 100 })
  const post = (body: string, path = '/api/orders') => {
    const stream = new Blob([body]).stream()
    const { headers } = sign(path, { method: 'POST' })
    headers.set('transfer-encoding', 'chunked')
    return new Request(`${SITE}${path}`, {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit)
  }
  const app = (outer: never, inner: never) =>
    new Hono<MacEnv>()
      .use(outer)
      .use(inner)
      .post('/api/orders', async (c) => c.text(`${getMac(c)?.user} ${await c.req.text()}`))
  test.each([
    ['outside', app(limit() as never, mac() as never)],
    ['inside', app(mac() as never, limit() as never)],
  ])('%s of the middleware, changes nothing', async (_, each) => {
    expect(await text(each.request(post('hello')))).toBe('ada hello')
    expect((await each.request(post('x'.repeat(200)))).status).toBe(413)
  })
  test('inside of withMac(app), keeps the identity', async () => {
    let isReplaced = false
    const inner = new Hono()
    inner.use(limit())
    inner.post('/api/orders', async (c) => {
      isReplaced = c.req.raw !== sent
      const found = [
        getMac(c)?.user,
        getMac(c.req.raw)?.user,
        getMac(new Request(c.req.raw.clone()))?.user,
      ]
      return c.text(`${found} ${await c.req.text()}`)
    })
    const sent = post('hello')
    expect(await text(withmac.withMac(inner)(sent))).toBe('ada,ada,ada hello')
    expect(isReplaced).toBe(true)
  })
})

describe('with cors', () => {
  const PAGE = 'https://app.example.com'
  const shared = () => cors({ origin: PAGE, exposeHeaders: ['x-total'] })
  const ask = (app: Hono<MacEnv>, init: RequestInit) => {
    const headers = new Headers(init.headers)
    headers.set('origin', PAGE)
    return app.request(`${SITE}/api/me`, { ...init, headers })
  }
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } }
  const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin')
  const build = (...order: unknown[]) => {
    const app = new Hono<MacEnv>()
    for (const each of order) app.use(each as never)
    return app.get('/api/me', (c) => c.text(`hello ${c.var.mac?.user}`))
  }

  test('outside, a preflight and each answer have its fields', async () => {
    const app = build(shared(), mac())
    expect((await ask(app, preflight)).status).toBe(204)
    const accepted = await ask(app, { headers: sign('/api/me').headers })
    expect([accepted.status, allowed(accepted)]).toEqual([200, PAGE])
    const rejected = await ask(app, {})
    expect([rejected.status, allowed(rejected)]).toEqual([401, PAGE])
  })
  test('inside, it needs allowPreflight and the option cors', async () => {
    const app = build(mac({ allowPreflight: true, cors: PAGE }), shared())
    const answer = await ask(app, preflight)
    expect([answer.status, allowed(answer)]).toEqual([204, PAGE])
    expect(allowed(await ask(app, { headers: sign('/api/me').headers }))).toBe(PAGE)
    const rejected = await ask(app, {})
    expect([rejected.status, allowed(rejected)]).toEqual([401, PAGE])
    expect(rejected.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })
  test('inside without them, a preflight is rejected', async () => {
    expect((await ask(build(mac(), shared()), preflight)).status).toBe(401)
  })
})

describe('in a part of an application,', () => {
  const orders = () => new Hono<MacEnv>().get('/list', (c) => c.text(`list of ${c.var.mac.user}`))
  test('app.route and basePath keep the whole path', async () => {
    const sub = new Hono<MacEnv>().use(mac()).route('/', orders())
    expect(await text(new Hono().route('/shop', sub).request(sign('/shop/list')))).toBe(
      'list of ada',
    )
    const based = new Hono<MacEnv>().basePath('/v1').use(mac()).route('/orders', orders())
    expect(await text(based.request(sign('/v1/orders/list')))).toBe('list of ada')
    expect(await outcome(based.request(sign('/orders/list')))).toBe('404')
  })
  test('app.mount cuts the prefix off: replaceRequest and path mend that', async () => {
    const sub = (options: HonoMacOptions = {}) =>
      new Hono<MacEnv>().use(mac(options)).get('*', (c) => c.text(c.var.mac.user))
    const mounted = new Hono().mount('/shop', sub().fetch)
    expect(await outcome(mounted.request(sign('/shop/list')))).toBe('401 ERR_MAC_REJECTED')
    const whole = new Hono().mount('/shop', sub().fetch, { replaceRequest: false })
    expect(await text(whole.request(sign('/shop/list')))).toBe('ada')
    const path = (request: Request) => `/shop${new URL(request.url).pathname}`
    const under = new Hono().mount('/shop', sub({ path }).fetch)
    expect(await text(under.request(sign('/shop/list?a')))).toBe('ada')
    expect(await outcome(under.request(sign('/list')))).toMatch(/^40/)
  })
  test('withMac around a mounted handler works with replaceRequest: false', async () => {
    const handler = withmac.withMac((request) => new Response(getMac(request)?.user))
    const app = new Hono().mount('/shop', handler, { replaceRequest: false })
    expect(await text(app.request(sign('/shop/list')))).toBe('ada')
  })
})

describe('the response of the handler', () => {
  const limited = createMac({
    database: 'sqlite::memory:',
    rateLimit: { requests: { requests: 1, seconds: 60 } },
    onReject: () => {},
  })
  test('has the fields of the rate limit, also if its header fields cannot be changed', async () => {
    for (const answer of [
      () => new Response('x', { headers: { 'x-own': 'yes', 'set-cookie': 'a=b' } }),
      () => Response.redirect('http://example.com/b'),
    ]) {
      const eve = await limited.createCredential('eve')
      const app = new Hono().use(macMiddleware({ mac: limited })).get('/', answer)
      const first = await app.request(signed(eve, `${SITE}/`))
      expect(first.status).toBe(answer().status)
      expect(first.headers.get('ratelimit')).toBe('"requests";r=0;t=60')
      expect(first.headers.get('set-cookie')).toBe(answer().headers.get('set-cookie'))
      const second = await app.request(signed(eve, `${SITE}/`))
      expect([second.status, second.headers.get('retry-after')]).toEqual([429, '60'])
    }
  })
  test('stays as it is for an error, which onError handles', async () => {
    const app = new Hono().use(mac()).get('/', () => {
      throw new HTTPException(418, { message: 'teapot' })
    })
    expect((await app.request(sign('/'))).status).toBe(418)
  })
})

test('two middlewares around one handler are a replay, and the error says so', async () => {
  const messages: string[] = []
  const loud = createMac({
    database: 'sqlite::memory:',
    onReject: ({ message }) => messages.push(message),
  })
  const eve = await loud.createCredential('eve')
  const own = () => macMiddleware({ mac: loud })
  const app = new Hono().use(own()).get('/', own(), (c) => c.text('never'))
  const request = signed(eve, `${SITE}/`)
  expect(await outcome(app.request(request))).toBe('401 ERR_MAC_REPLAY')
  expect(await outcome(app.request(request.url, { headers: request.headers }))).toMatch('REPLAY')
  expect(messages).toEqual([
    expect.stringContaining('two of withMac, verify and middleware'),
    'The nonce was used before.',
  ])
})

test('after verify of another Mac, getMac returns its outcome for the context too', async () => {
  const other = createMac({ database: 'sqlite::memory:', onReject: () => {} })
  const bob = await other.createCredential('bob')
  const app = new Hono().use(mac({ mode: 'optional' })).get('/', async (c) => {
    await other.verify(c, { mode: 'optional' })
    return c.text(`${getMac(c)?.user} ${getMac(c.req.raw)?.user} ${getMacError(c)?.code}`)
  })
  expect(await text(app.request(sign('/')))).toBe('undefined undefined ERR_MAC_UNKNOWN_IDENTIFIER')
  expect(await text(app.request(signed(bob, `${SITE}/`)))).toBe('bob bob undefined')
  expect(await text(app.request(`${SITE}/`))).toBe('undefined undefined undefined')
  await other.close()
})

test('scope is checked, and the scopes are there for a handler', async () => {
  const app = protectedApp({ scope: 'orders:write' })
  expect(await outcome(app.request(sign('/api/me')))).toBe('403 ERR_MAC_SCOPE')
  expect(await text(protectedApp({ scope: 'orders:read' }).request(sign('/api/me')))).toBe(
    'hello ada',
  )
})

test('options count if they are inherited, as from a class', async () => {
  class Options {
    mac = withmac
    get scope() {
      return 'admin'
    }
  }
  const inherited = Object.assign(Object.create({ scope: 'admin' }), { mac: withmac })
  for (const options of [new Options(), inherited]) {
    const app = new Hono().use(macMiddleware(options)).get('/', (c) => c.text('in'))
    expect(await outcome(app.request(sign('/')))).toBe('403 ERR_MAC_SCOPE')
  }
})

describe('a mistake', () => {
  /** @returns The status, and the message that Hono printed. */
  async function answerOf(use: (app: Hono) => unknown) {
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    try {
      const app = new Hono()
      use(app)
      const { status } = await app.get('/a', (c) => c.text('not protected')).request(sign('/a'))
      return `${status} ${printed.mock.calls.map(([error]) => (error as Error).message)}`
    } finally {
      printed.mockRestore()
    }
  }
  test('withMac as a middleware is answered 500, and the error names withmac/hono', async () => {
    const answer = await answerOf((app) => app.use(withmac.withMac as never))
    expect(answer).toMatch(/^500 .*withmac\/hono.*app\.use\('\/api\/\*', mac\(\)\)/)
  })
  test('verify as a middleware is answered 500', async () => {
    const answer = await answerOf((app) => app.use(withmac.verify as never))
    expect(answer).toMatch(/^500 .*withmac\/hono/)
  })
  test('mac that is not called is answered 500', async () => {
    const answer = await answerOf((app) => app.use(macMiddleware as never))
    expect(answer).toMatch(/^500 .*mac\(\) makes the middleware/)
  })
  test('a wrong option is a TypeError when the middleware is made', () => {
    expect(() => macMiddleware({ scopes: 'a' } as never)).toThrow('did you mean scope')
    expect(() => mac({ mode: 'optional', scope: 'a' })).toThrow('scope does not go with mode')
  })
})

test('on a framework other than Hono the middleware throws, and returns nothing', async () => {
  const request = new Request(SITE)
  for (const context of [request, { request }, { req: request }, { raw: request }, {}]) {
    const call = mac() as unknown as (context: unknown, next: () => void) => Promise<unknown>
    await expect(call(context, () => {})).rejects.toThrow(/^withmac: /)
  }
})

test('on Express the middleware gives the error to next, so that no client waits', async () => {
  const errors: unknown[] = []
  const incoming = { httpVersion: '1.1', headers: {}, url: '/api/me' }
  const response = { writeHead() {}, end() {} }
  const middleware = mac() as unknown as (...given: unknown[]) => Promise<unknown>
  await middleware(incoming, response, (error: unknown) => errors.push(error))
  expect(String(errors)).toContain('node:http')
})
