import { createAdmin } from '../../src/admin/index.ts'
import { createMac } from '../../src/index.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { FORM, ORIGIN, posted, visitor } from './visitor.ts'

const PAGES = ['', '/', '/new', '/credential?id=x', '/rejections', '/traffic', '/health', '/audit']
const FILES = ['/style.css', '/enhance.js', '/icon.svg', '/audit.csv']

describe('authorize', () => {
  test.each([null, undefined])(
    'returns %s: the answer is 403, without anything of the page',
    async (actor) => {
      const { get, post, mac, errors } = visitor({}, { authorize: () => actor })
      for (const path of [...PAGES, ...FILES, '/nothing', '/../x']) {
        const { status, text, headers } = await get(`/admin${path}`)
        expect([path, status, text]).toEqual([path, 403, 'Forbidden\n'])
        expect(headers.get('cache-control')).toBe('no-store')
      }
      expect((await post('/admin/new', FORM)).status).toBe(403)
      expect(await mac.listCredentials()).toEqual([])
      expect(errors).toEqual([])
    },
  )

  test.each([
    ['an empty name', () => ''],
    ['true', () => true],
    ['an object', () => ({ name: 'ops' })],
    ['a name of 257 characters', () => 'x'.repeat(257)],
    ['a name with half a surrogate pair', () => '\ud800'],
    [
      'an error',
      () => {
        throw new Error('no session store')
      },
    ],
    ['a rejected promise', () => Promise.reject(new Error('no session store'))],
  ])('gives %s: nobody is let in, and the operator learns why', async (_, authorize) => {
    const { get, post, mac, errors } = visitor({}, { authorize: authorize as () => string })
    const { status, text } = await get('/admin')
    expect([status, text]).toEqual([503, 'Service unavailable\n'])
    expect((await post('/admin/new', FORM)).status).toBe(503)
    expect(await mac.listCredentials()).toEqual([])
    expect(errors.map(({ code }) => code)).toEqual(['ERR_MAC_CALLBACK', 'ERR_MAC_CALLBACK'])
  })

  test('may be async, and gets the request itself', async () => {
    const seen: Request[] = []
    const { admin } = visitor(
      {},
      {
        authorize: async (request) => {
          seen.push(request)
          return request.headers.get('cookie') === 'session=1' ? 'ada' : null
        },
      },
    )
    const request = new Request(`${ORIGIN}/admin`, { headers: { cookie: 'session=1' } })
    const response = await admin(request)
    expect(await response.text()).toContain('<bdi>ada</bdi>')
    expect((await admin(new Request(`${ORIGIN}/admin`))).status).toBe(403)
    expect(seen[0]).toBe(request)
  })

  test('an error without onError is printed', async () => {
    const print = spyOn(console, 'error').mockImplementation(() => {})
    const mac = createMac({ database: 'sqlite::memory:' })
    const admin = createAdmin(mac, {
      authorize() {
        throw new Error('no session store')
      },
    })
    expect((await admin(new Request(`${ORIGIN}/admin`))).status).toBe(503)
    expect(String(print.mock.calls[0]?.[0])).toContain('ERR_MAC_CALLBACK')
    expect(String(print.mock.calls[0]?.[0])).toContain('no session store')
    print.mockRestore()
  })
})

describe('headers', () => {
  test.each([...PAGES, '/nothing'])(
    '/admin%s cannot run inline code, be framed or be cached',
    async (path) => {
      const { headers, text } = await visitor().get(`/admin${path}`)
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(text).not.toMatch(/<style|<script(?! src="\/admin\/)|\sstyle="|\son\w+="|javascript:/i)
      // Nothing is loaded from, sent to or linked to another host.
      expect(text).not.toMatch(/(?:src|href|action)="(?!\/admin|#)/)
    },
  )

  test.each([
    ['/style.css', 'text/css; charset=utf-8'],
    ['/enhance.js', 'text/javascript; charset=utf-8'],
    ['/icon.svg', 'image/svg+xml'],
  ])('%s has its type', async (path, type) => {
    const { status, headers, text } = await visitor().get(`/admin${path}`)
    expect([status, headers.get('content-type')]).toEqual([200, type])
    expect(text.length).toBeGreaterThan(100)
  })
})

describe('a POST', () => {
  const SAME = { 'Sec-Fetch-Site': 'same-origin' }
  test.each([
    ['with Sec-Fetch-Site: same-origin', SAME, 200],
    ['with the Origin of the request', { Origin: ORIGIN }, 200],
    ['with neither', {}, 403],
    ['with Sec-Fetch-Site: cross-site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['with Sec-Fetch-Site: same-site', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['with Sec-Fetch-Site: none', { 'Sec-Fetch-Site': 'none' }, 403],
    ['with another Origin', { Origin: 'https://evil.example' }, 403],
    ['with the Origin of another scheme', { Origin: 'http://admin.example.com' }, 403],
    ['with Origin: null', { Origin: 'null' }, 403],
    [
      'with another Origin and Sec-Fetch-Site: cross-site',
      { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      403,
    ],
    [
      'with the Origin of the request, but from another site',
      { Origin: ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
      403,
    ],
    ['of JSON', { ...SAME, 'Content-Type': 'application/json' }, 415],
    ['of a multipart form', { ...SAME, 'Content-Type': 'multipart/form-data; boundary=x' }, 415],
    [
      'of a type that begins like a form',
      { ...SAME, 'Content-Type': 'application/x-www-form-urlencodedx' },
      415,
    ],
    [
      'of text, from another site',
      { Origin: 'https://evil.example', 'Content-Type': 'text/plain' },
      403,
    ],
    [
      'of JSON, from another site',
      { Origin: 'https://evil.example', 'Content-Type': 'application/json' },
      415,
    ],
  ])('%s is answered as it must be', async (_, headers, expected) => {
    const { admin, mac } = visitor()
    const { status } = await admin(posted('/admin/new', FORM, headers as Record<string, string>))
    expect(status).toBe(expected)
    expect(await mac.listCredentials()).toHaveLength(expected === 200 ? 1 : 0)
  })

  test('with more than 65,536 bytes is not read to its end', async () => {
    const { admin, mac } = visitor()
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16_384
        controller.enqueue(new Uint8Array(16_384).fill(0x61))
        if (sent >= 2 ** 24) controller.close()
      },
    })
    const request = new Request(`${ORIGIN}/admin/new`, {
      ...{ method: 'POST', body, duplex: 'half' },
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...SAME },
    })
    expect((await admin(request)).status).toBe(413)
    expect(sent).toBeLessThan(2 ** 20)
    expect(await mac.listCredentials()).toEqual([])
  })
})

describe('methods and paths', () => {
  test('HEAD has the headers of GET, and no body', async () => {
    const { admin } = visitor()
    const response = await admin(new Request(`${ORIGIN}/admin/new`, { method: 'HEAD' }))
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is answered 405', async (method) => {
    const { admin } = visitor()
    const response = await admin(new Request(`${ORIGIN}/admin`, { method }))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })

  test('an unknown path is answered 404, with a page that leads back', async () => {
    const { status, text } = await visitor().get('/admin/nothing')
    expect(status).toBe(404)
    expect(text).toContain('There is no page at this address.')
  })

  test('a path that does not begin with basePath is answered 404, and the page says what to change', async () => {
    const { status, text } = await visitor().get('/credential?id=x')
    expect(status).toBe(404)
    expect(text).toContain('the option basePath')
  })

  test('an action cannot be done by GET', async () => {
    const { get, mac } = visitor()
    await mac.createCredential('ada', { id: 'x' })
    expect((await get('/admin/credential/disable?id=x')).status).toBe(404)
    expect((await mac.getCredential('x'))?.disabled).toBe(null)
  })

  test.each(['/keys/of/withmac', '/'])('all links begin with the basePath %s', async (basePath) => {
    const { get, post } = visitor({}, { basePath })
    const base = basePath === '/' ? '' : basePath
    for (const path of ['/', '/new', '/audit', '/rejections']) {
      const { status, text } = await get(`${base}${path}`)
      expect([path, status]).toEqual([path, 200])
      const links = [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, link]) => link)
      expect(links.length).toBeGreaterThan(8)
      expect(links.filter((link) => !link?.startsWith('#') && !link?.startsWith(basePath))).toEqual(
        [],
      )
    }
    expect((await post(`${base}/new`, FORM)).status).toBe(200)
  })
})

test('a framework may pass an object with the request', async () => {
  const { admin } = visitor()
  const response = await admin({ request: new Request(`${ORIGIN}/admin`) })
  expect(response.status).toBe(200)
})

test('a failing store is answered 503, and the operator learns why', async () => {
  const { get, mac, errors } = visitor()
  await mac.ready()
  await mac.close()
  const { status, text } = await get('/admin')
  expect(status).toBe(503)
  expect(text).toContain('ERR_MAC_CLOSED')
  expect(errors.map(({ code }) => code)).toEqual(['ERR_MAC_CLOSED'])
})

test.each([
  '',
  'admin',
  '/admin/',
  '//admin',
  '/a/../b',
  '/.',
  '/a?b',
  '/a#b',
  '/a b',
  '/:id',
  '/*',
  '/ä',
])('createAdmin rejects the basePath "%s"', (basePath) => {
  expect(() => visitor({}, { basePath })).toThrow('basePath: must be a path such as "/admin"')
})
