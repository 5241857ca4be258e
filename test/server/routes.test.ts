import {
  createMac,
  getMac,
  getMacError,
  type MacError,
  type WithMacOptions,
} from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Key } from '../support/sign.ts'

const ORIGIN = 'http://example.com'
const mac = createMac({ database: 'sqlite::memory:', onReject() {} })
const ada = await mac.createCredential('ada', { scopes: ['files:read'] })

const say = (name: string) => (request: Request) =>
  new Response(`${name} ${getMac(request)?.user ?? 'anonymous'}`)
const files = say('files')

type Params = Record<string, string>

/** @returns A request as Bun passes it: the URL is normalized, `params` come from the path on the wire. */
function arriving(path: string, params: Params | undefined, method = 'GET', key: Key | null = ada) {
  const url = ORIGIN + path
  const headers = key === null ? {} : { authorization: authorization(key, url, { method }) }
  return Object.assign(new Request(url, { method, headers }), params && { params })
}

/** Calls a route as if Bun had chosen it. */
function run(routes: object, pattern: string, request: Request, method?: string) {
  const entry = (routes as Record<string, unknown>)[pattern]
  const chosen = method === undefined ? entry : (entry as Record<string, unknown>)[method]
  return (chosen as (request: Request) => Promise<Response>)(request)
}

describe('mac.routes', () => {
  const routes = mac.routes({
    '/files/:id': files,
    '/files/public': say('public'),
    '/refunds/:id/*': { POST: say('refund') },
    '/orders/:id/note': { POST: say('note') },
    '/admin/*': say('admin'),
    '/ping': { GET: say('ping'), DELETE: say('delete') },
    '/elsewhere/*': false,
    '/*': say('rest'),
  })

  test('runs the handler whose pattern the signed path matches', async () => {
    const cases: [string, string, Params | undefined, string?, string?][] = [
      ['/files/:id', '/files/a', { id: 'a' }],
      ['/files/:id', '/files/a?b=/../c', { id: 'a' }],
      ['/files/:id', '/files/a%2Fb', { id: 'a/b' }],
      ['/files/:id', '/files/%C3%A9+%25', { id: 'é+%' }],
      ['/files/public', '/files/public', {}],
      ['/files/public', '/files/public', undefined],
      ['/refunds/:id/*', '/refunds/99/', { id: '99' }, 'POST', 'POST'],
      ['/ping', '/ping', {}, 'GET', 'GET'],
      ['/ping', '/ping', {}, 'HEAD', 'GET'],
      ['/*', '/ping', {}, 'POST'],
      ['/*', '/', {}],
      ['/*', '/files/', {}],
      ['/*', '/files/a/', {}],
    ]
    for (const [pattern, path, params, method, key] of cases) {
      const answer = run(routes, pattern, arriving(path, params, method), key)
      expect([pattern, path, await outcome(answer)]).toEqual([pattern, path, '200'])
    }
  })

  test.each([
    ['the path is of another pattern', '/admin/*', '/files/a', {}],
    ['the path has a more specific pattern', '/files/:id', '/files/public', { id: 'public' }],
    ['the path has a more specific pattern than *', '/*', '/admin/x', {}],
    ['the path is served elsewhere', '/*', '/elsewhere/x', {}],
    ['a parameter has another value', '/files/:id', '/files/a', { id: 'b' }],
    ['a parameter was decoded twice', '/files/:id', '/files/%252F', { id: '/' }],
    ['a parameter is missing', '/files/:id', '/files/a', {}],
    ['there are no parameters', '/files/:id', '/files/a', undefined],
    ['there is a parameter too many', '/files/:id', '/files/a', { id: 'a', more: 'a' }],
    ['a parameter is inherited', '/files/:id', '/files/a', Object.create({ id: 'a' })],
    ['an escape is malformed', '/files/:id', '/files/%zz', { id: '\ufffd' }],
    ['an escape is not UTF-8', '/files/:id', '/files/%FF', { id: '\ufffd' }],
    ['a parameter contains what * matched', '/files/:id', '/files/a/b', { id: 'a/b' }],
    ['a fixed path has a parameter', '/files/public', '/files/public', { id: 'a' }],
  ])('answers 401 if %s', async (_, pattern, path, params) => {
    expect(await outcome(run(routes, pattern, arriving(path, params)))).toBe('401 ERR_MAC_TARGET')
  })

  test.each([
    ['the handler for GET', 'GET', '/ping', 'DELETE'],
    ['the handler for DELETE', 'DELETE', '/ping', 'GET'],
    ['the handler for DELETE', 'DELETE', '/ping', 'HEAD'],
  ])('answers 401 if %s is chosen for another method', async (_, chosen, path, method) => {
    const answer = run(routes, '/ping', arriving(path, {}, method), chosen)
    expect(await outcome(answer)).toBe('401 ERR_MAC_TARGET')
  })

  test('runs no handler for GET on HEAD if there is one for HEAD', async () => {
    const both = mac.routes({ '/a': { GET: files, HEAD: files } })
    expect(await outcome(run(both, '/a', arriving('/a', {}, 'HEAD'), 'HEAD'))).toBe('200')
    const answer = run(both, '/a', arriving('/a', {}, 'HEAD'), 'GET')
    expect(await outcome(answer)).toBe('401 ERR_MAC_TARGET')
  })

  test('does not run the refund of a signed order note', async () => {
    const request = arriving('/orders/7/note', { id: '99' }, 'POST')
    expect(await outcome(run(routes, '/refunds/:id/*', request, 'POST'))).toBe('401 ERR_MAC_TARGET')
    const same = arriving('/orders/7/note', { id: '7' }, 'POST')
    expect(await outcome(run(routes, '/refunds/:id/*', same, 'POST'))).toBe('401 ERR_MAC_TARGET')
  })

  test('leaves the nonce of a rejected request unused', async () => {
    const request = arriving('/files/a', { id: 'a' })
    expect(await outcome(run(routes, '/admin/*', request))).toBe('401 ERR_MAC_TARGET')
    expect(await outcome(run(routes, '/files/:id', request))).toBe('200')
    expect(await outcome(run(routes, '/files/:id', request))).toBe('401 ERR_MAC_REPLAY')
  })

  test('gives an unknown signer the same answer to a tampered request as a known one', async () => {
    const answerTo = async (key: Key) => {
      const answer = await run(routes, '/admin/*', arriving('/files/a', {}, 'GET', key))
      const { reference, ...problem } = (await answer.json()) as Record<string, unknown>
      return [answer.status, [...answer.headers], typeof reference, problem]
    }
    const stranger = { id: 'nobody', key: 'another' }
    expect(await answerTo(stranger)).toEqual(await answerTo(ada))
    expect(JSON.stringify(await answerTo(ada))).not.toMatch(/admin|files/)
  })

  test('compares the target from requestTarget with the pattern, if that option is set', async () => {
    const raw = '/x/../files/a'
    const guarded = mac.routes({ '/files/:id': files }, { requestTarget: () => raw })
    const headers = { authorization: authorization(ada, `${ORIGIN}/files/a`, { target: raw }) }
    const request = new Request(`${ORIGIN}/files/a`, { headers })
    const answer = run(guarded, '/files/:id', Object.assign(request, { params: { id: 'a' } }))
    expect(await outcome(answer)).toBe('401 ERR_MAC_TARGET')
  })

  test('counts a request for another handler as a failed request of its address', async () => {
    const limited = createMac({
      database: 'sqlite::memory:',
      onReject() {},
      clientAddress: () => '192.0.2.1',
      rateLimit: { failures: { requests: 2, seconds: 3600 } },
    })
    const guarded = limited.routes({ '/files/:id': files, '/admin/*': files })
    const ask = () => outcome(run(guarded, '/admin/*', arriving('/files/a', {})))
    expect([await ask(), await ask(), await ask()]).toEqual([
      '401 ERR_MAC_TARGET',
      '401 ERR_MAC_TARGET',
      '429 ERR_MAC_FAILURES_LIMITED',
    ])
  })

  test('passes a request for another handler to onReject', async () => {
    const rejected: string[] = []
    const onReject = ({ code }: MacError, { url }: Request) => rejected.push(`${code} ${url}`)
    const guarded = mac.routes({ '/admin/*': files }, { onReject })
    await run(guarded, '/admin/*', arriving('/files/a', {}))
    expect(rejected).toEqual([`ERR_MAC_TARGET ${ORIGIN}/files/a`])
  })
})

describe('in the mode optional, mac.routes', () => {
  const optional = mac.routes(
    {
      '/files/:id': (request) => new Response(getMacError(request)?.code ?? 'none'),
      '/admin/*': files,
    },
    { mode: 'optional' },
  )
  const ask = async (pattern: string, request: Request) => {
    const answer = await run(optional, pattern, request)
    return answer.status === 200 ? answer.text() : outcome(answer)
  }

  test('runs the handler that the path names for an anonymous caller', async () => {
    expect(await ask('/files/:id', arriving('/files/a', { id: 'a' }, 'GET', null))).toBe('none')
    const wrong = arriving('/files/a', { id: 'a' }, 'GET', { id: 'nobody', key: 'x' })
    expect(await ask('/files/:id', wrong)).toBe('ERR_MAC_UNKNOWN_IDENTIFIER')
  })

  test.each([
    ['signed', ada],
    ['signed with an unknown key', { id: 'nobody', key: 'x' }],
    ['unsigned', null],
  ])('rejects a request that is %s if its path names another handler', async (_, key) => {
    expect(await ask('/admin/*', arriving('/files/a', {}, 'GET', key))).toBe('401 ERR_MAC_TARGET')
    const other = arriving('/files/a', { id: 'b' }, 'GET', key)
    expect(await ask('/files/:id', other)).toBe('401 ERR_MAC_TARGET')
  })

  test('rejects a request with a malformed header if its path names another handler', async () => {
    const request = arriving('/files/a', {}, 'GET', null)
    request.headers.set('authorization', 'MAC nonsense')
    expect(await ask('/admin/*', request)).toBe('401 ERR_MAC_TARGET')
  })
})

test('mac.routes rejects a preflight if its path names another handler', async () => {
  const guarded = mac.routes({ '/files/:id': files, '/admin/*': files }, { allowPreflight: true })
  const preflight = (path: string, params: Params) => {
    const request = arriving(path, params, 'OPTIONS', null)
    request.headers.set('access-control-request-method', 'PUT')
    return request
  }
  expect(await outcome(run(guarded, '/files/:id', preflight('/files/a', { id: 'a' })))).toBe('200')
  const answer = run(guarded, '/admin/*', preflight('/files/a', {}))
  expect(await outcome(answer)).toBe('401 ERR_MAC_TARGET')
})

describe('an entry of mac.routes', () => {
  test('may be a handler of withMac, which verifies once and keeps its own options', async () => {
    const { routes } = createMac({ database: 'sqlite::memory:' })
    const guarded = routes({
      '/read/:id': mac.withMac(files, { scope: 'files:read' }),
      '/write/:id': { GET: mac.withMac(files, { scope: 'files:write' }) },
      '/object/:id': { fetch: mac.withMac(files) },
    })
    expect(await outcome(run(guarded, '/read/:id', arriving('/read/1', { id: '1' })))).toBe('200')
    expect(await outcome(run(guarded, '/object/:id', arriving('/object/1', { id: '1' })))).toBe(
      '200',
    )
    const lacks = run(guarded, '/write/:id', arriving('/write/1', { id: '1' }), 'GET')
    expect(await outcome(lacks)).toBe('403 ERR_MAC_SCOPE')
    const other = run(guarded, '/write/:id', arriving('/read/1', { id: '1' }), 'GET')
    expect(await outcome(other)).toBe('401 ERR_MAC_TARGET')
  })

  test('may be an object with fetch, which is called with the arguments of Bun', async () => {
    const seen: unknown[] = []
    const app = { fetch: (...given: unknown[]) => new Response(String(seen.push(...given))) }
    const guarded = mac.routes({ '/app/*': app })
    const request = arriving('/app/x', {})
    const server = { requestIP: () => null }
    await (guarded['/app/*'] as (...given: unknown[]) => Promise<Response>)(request, server)
    expect(seen).toEqual([request, server])
  })

  test('is left out if it is undefined, and stays false if it is false', () => {
    const table = { '/a': { GET: files, POST: undefined }, '/b': false as const, '/c': undefined }
    const guarded = mac.routes(table as never) as Record<string, object>
    expect(Object.keys(guarded)).toEqual(['/a', '/b'])
    expect(Object.keys(guarded['/a'] ?? {})).toEqual(['GET'])
    expect(guarded['/b']).toBe(false as never)
  })

  class Page {
    readonly index = 'page.html'
  }
  const unguarded: readonly [string, unknown][] = [
    ['a Response', new Response('secret')],
    ['a Response for one method', { GET: new Response('secret') }],
    ['a file', new Blob(['secret'])],
    ['a page', new Page()],
    ['a directory', { dir: '.' }],
    ['a directory with a method', { dir: '.', GET: files }],
    ['a text', 'secret'],
    ['true', true],
    ['null', null],
    ['nothing for a method', { GET: null }],
    ['false for a method', { GET: false }],
    ['a handler for a method in lower case', { get: files }],
    ['a handler for a method that Bun does not know', { PURGE: files }],
    ['an empty object', {}],
    ['a list', [files]],
  ]
  test.each(unguarded)('cannot be %s, which would be public', (_, entry) => {
    const make = () => mac.routes({ '/a/*': entry } as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^withmac: routes: .*\/a\//)
  })

  test('that is public by intent gets an error that says where to put it', () => {
    for (const entry of [new Response('x'), { dir: '.' }]) {
      expect(() => mac.routes({ '/a/*': entry } as never)).toThrow('...mac.routes({ … })')
    }
  })

  test.each([[undefined], [null], [[]], ['/a'], [files]])('is in an object, not in %p', (table) => {
    expect(() => mac.routes(table as never)).toThrow(TypeError)
  })

  test('may come with options, which are checked at once', () => {
    const options = { modes: 'optional' } as WithMacOptions
    expect(() => mac.routes({}, options)).toThrow(/wrong options .*modes/)
  })
})

describe('a pattern of mac.routes', () => {
  test.each([
    ['a', 'must start with "/"'],
    ['/a/*/b', '"*" as its last segment alone'],
    ['/a*', '"a*"'],
    ['/**', '"**"'],
    ['/:', '":"'],
    ['/:id?', '":id?"'],
    ['/:id.json', '":id.json"'],
    ['/:1a', '":1a"'],
    ['/pre:fix', '"pre:fix"'],
    ['/:a:b', '":a:b"'],
    ['/:a/:a', '":a" twice'],
    ['/a/../b', '".."'],
    ['/a/%2E/b', '"%2E"'],
    ['/a?b', '"a?b"'],
    ['/a#b', '"a#b"'],
    ['/a b', '"a b"'],
    ['/{a}', '"{a}"'],
    ['/a^', '"a^"'],
    ['/a\\b', '"a\\\\b"'],
    ['/é', '"é"'],
    ['/%zz', '"%zz"'],
  ])('cannot be %s', (pattern, why) => {
    const make = () => mac.routes({ [pattern]: files })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(why)
  })

  test.each([
    ['/a/:x', '/a/:y'],
    ['/a/:x/*', '/a/:y/*'],
  ])('cannot match the same paths as another one: %s and %s', (one, other) => {
    expect(() => mac.routes({ [one]: files, [other]: files })).toThrow(JSON.stringify(one))
  })

  test('can be any other pattern of Bun', () => {
    const patterns = ['/', '//', '/a/', '/a', '/*', '/a/:x/b/:y_2', '/:a-b', "/it's|[x]", '/%C3%A9']
    expect(
      Object.keys(mac.routes(Object.fromEntries(patterns.map((each) => [each, files])))),
    ).toEqual(patterns)
  })
})

describe('a plain withMac in the routes of Bun.serve', () => {
  const app = mac.withMac(files)
  const ask = (path: string, params: unknown) =>
    outcome(app(Object.assign(arriving(path, undefined), { params })))

  test.each([
    ['/files/a', { id: 'a' }],
    ['/files/a%2Fb', { id: 'a/b' }],
    ['/files/%61', { id: 'a' }],
    ['/files/%61', { id: '%61' }],
    ['/a/a/b/a', { x: 'a', y: 'a', z: 'a' }],
    ['/mix/1/2/3', { x: '1' }],
    ['/files/a', {}],
    ['/files/a', null],
    ['/files/a', undefined],
    ['/files/a', 'id'],
    ['/files/a', { id: undefined }],
    ['/files/a', { id: '' }],
    ['/files/a/b%20c/d', { rest: 'a/b%20c', last: 'd' }],
    ['/files/a/b/c', { rest: 'a/b/c' }],
  ])('accepts a request for %s with the params %j', async (path, params) => {
    expect(await ask(path, params)).toBe('200')
  })

  test.each([
    ['/files/a', { id: 'b' }],
    ['/orders/7/note', { id: '99' }],
    ['/files/a', { id: '..' }],
    ['/files/x/public', { id: 'x\\public' }],
    ['/files/a', { id: 'a', other: 'a' }],
    ['/transfer/a/b', { from: 'b', to: 'a' }],
    ['/files/a/b', { id: 'a/b/c' }],
    ['/files/a', { id: 'files/a/' }],
    ['/files/a/b/c', { rest: 'a/b', last: 'b' }],
    ['/files/%252F', { id: '/' }],
    ['/files/%FF', { id: '\ufffd' }],
  ])('answers 401 to a request for %s with the params %j', async (path, params) => {
    expect(await ask(path, params)).toBe('401 ERR_MAC_TARGET')
  })

  test('leaves the nonce of a request with wrong params unused', async () => {
    const request = arriving('/files/a', { id: 'b' })
    expect(await outcome(app(request))).toBe('401 ERR_MAC_TARGET')
    expect(await outcome(app(Object.assign(request, { params: { id: 'a' } })))).toBe('200')
  })

  test('rejects an anonymous caller with wrong params', async () => {
    const optional = mac.withMac(files, { mode: 'optional' })
    const request = (id: string) => arriving('/files/a', { id }, 'GET', null)
    expect(await outcome(optional(request('a')))).toBe('200')
    expect(await outcome(optional(request('b')))).toBe('401 ERR_MAC_TARGET')
  })

  test('checks params in mac.verify too', async () => {
    const verdict = await mac.verify(arriving('/files/a', { id: 'b' }))
    expect(verdict).toMatchObject({ ok: false, error: { code: 'ERR_MAC_TARGET' } })
    expect((await mac.verify(arriving('/files/a', { id: 'a' }))).ok).toBe(true)
  })

  test('ignores params that are not on the Request, because frameworks set them', async () => {
    const framework = mac.withMac(({ request }: { request: Request }) => files(request))
    const event = { request: arriving('/files/a', undefined), params: { id: 'b', rest: 'x/y' } }
    expect(await outcome(framework(event))).toBe('200')
  })
})

test('the error for a wrong option names routes', () => {
  const options = { modes: 'optional' } as WithMacOptions
  expect(() => mac.routes({ '/a': files }, options)).toThrow(
    'wrong options for routes: there is no option modes: did you mean mode?',
  )
})
