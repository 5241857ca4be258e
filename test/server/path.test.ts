import { createMac, type MacReport, type VerifiedTarget } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

/* The option `path`: a proxy or a mount has cut off a prefix of what the client signed. */

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
await mac.createCredential('ada', { ...KEY, expires: null })
const show = (request: Request) => new Response(request.url)
const underApi = (request: Request) => `/api${request.url.slice('http://example.com'.length)}`
const pathUnderApi = (request: Request) => underApi(request).replace(/\?.*/, '')

/** Returns a request that was signed for one target, and arrives with another. */
function moved(signedTarget: string, arriving: string): Request {
  const header = authorization(KEY, `http://example.com${signedTarget}`)
  return {
    url: `http://example.com${arriving}`,
    method: 'GET',
    headers: new Headers({ authorization: header, host: 'example.com' }),
  } as Request
}

describe('a request whose prefix was cut off', () => {
  test.each([
    ['/api/orders', '/orders'],
    ['/api/orders?a=1&b=%27', '/orders?a=1&b=%27'],
    ['/api/orders?', '/orders?'],
    ['/api/orders/', '/orders/'],
    ['/api/', '/'],
    ['/api/?a', '/?a'],
    ['/api/a%2Fb', '/a%2Fb'],
  ])('is accepted: %s arrives as %s', async (signedTarget, arriving) => {
    const app = mac.withMac(show, { path: pathUnderApi })
    expect(await outcome(app(moved(signedTarget, arriving)))).toBe('200')
    const without = mac.withMac(show)
    expect(await outcome(without(moved(signedTarget, arriving)))).toBe('401 ERR_MAC_REJECTED')
  })

  test('is accepted without a slash at the root, if the function says so', async () => {
    const app = mac.withMac(show, { path: () => '/api' })
    expect(await outcome(app(moved('/api', '/')))).toBe('200')
    expect(await outcome(app(moved('/api?a', '/?a')))).toBe('200')
  })

  test('is accepted by mac.verify, with the path as a value', async () => {
    expect((await mac.verify(moved('/api/a?b', '/a?b'), { path: '/api/a' })).ok).toBe(true)
    expect((await mac.verify(moved('/api/a?b', '/c?b'), { path: '/api/a' })).ok).toBe(false)
  })

  test('is accepted under the patterns of mac.routes, which the server chose by the shorter path', async () => {
    const table = mac.routes({ '/orders/:id': show }, { path: pathUnderApi })
    const call = table['/orders/:id'] as (request: Request) => Promise<Response>
    const request = (id: string) =>
      Object.assign(moved('/api/orders/5', '/orders/5'), { params: { id } })
    expect(await outcome(call(request('5')))).toBe('200')
    expect(await outcome(call(request('6')))).toBe('401 ERR_MAC_TARGET')
  })

  test('is not accepted with another query, path or prefix than was signed', async () => {
    const app = mac.withMac(show, { path: pathUnderApi })
    for (const arriving of ['/orders?b', '/orders?', '/order', '/api/orders', '//orders']) {
      expect(await outcome(app(moved('/api/orders', arriving)))).toMatch(/^401/)
    }
  })

  test('shows scope and ext the whole path', async () => {
    const seen: VerifiedTarget[] = []
    const app = mac.withMac(show, {
      path: pathUnderApi,
      scope: (_, target) => {
        seen.push(target)
        return null
      },
    })
    expect(await outcome(app(moved('/api/a%20b?c', '/a%20b?c')))).toBe('200')
    expect(seen).toEqual([{ method: 'GET', path: '/api/a b' }])
  })
})

test('a path that does not end with that of the URL is rejected, so that no other handler runs', async () => {
  // A function that believes the client.
  const path = (request: Request) => request.headers.get('x-original-path') ?? ''
  const app = mac.withMac(show, { path })
  const send = (original: string, arriving: string) => {
    const request = moved('/public/news', arriving)
    request.headers.set('x-original-path', original)
    return outcome(app(request))
  }
  expect(await send('/public/news', '/news')).toBe('200')
  for (const arriving of ['/admin', '/ews', '/news/', '/public/news/x', '/admin/news', '/news#']) {
    expect(await send('/public/news', arriving)).toBe('401 ERR_MAC_TARGET')
  }
})

test('a result that is not a path is a failure of the server, and the handler does not run', async () => {
  const results = [undefined, null, '', 'api/a', '/api/a?b', '/api/a#b', '/api/ä', '/a b', 5, {}]
  for (const result of [...results, Promise.resolve('/api/a')]) {
    const app = mac.withMac(show, { path: () => result as string })
    expect(await outcome(app(moved('/api/a', '/a')))).toBe('503 ERR_MAC_CALLBACK')
  }
})

test('the function is called once for a request, with the arguments of the handler', async () => {
  const calls: unknown[][] = []
  const app = mac.withMac((request: Request, prefix: string) => show(request) ?? prefix, {
    path: (...given) => {
      calls.push(given)
      return '/api/a'
    },
    scope: () => null,
  })
  const request = moved('/api/a', '/a')
  expect(await outcome(app(request, '/api'))).toBe('200')
  expect(calls).toEqual([[request, '/api']])
})

test('path and requestTarget together are a TypeError', () => {
  const options = { path: () => '/a', requestTarget: () => '/a' }
  expect(() => mac.withMac(show, options)).toThrow('either requestTarget')
})

test('the report and the explanation of a rejected request have the path that the option gives', async () => {
  const reports: MacReport[] = []
  const app = mac.withMac(show, {
    path: pathUnderApi,
    onReject: (_error, _request, report) => void reports.push(report),
  })
  const header = authorization(KEY, 'https://example.com/api/orders?a=1')
  const headers = { authorization: header, host: 'example.com' }
  await app(new Request('http://example.com/orders?a=1', { headers }))
  expect(reports[0]?.toJSON()).toMatchObject({ target: '/api/orders?a=1' })
  const explanation = await reports[0]?.explain()
  expect(explanation?.sentence).toMatch(/^The client signed port 443, not 80\./)
})
