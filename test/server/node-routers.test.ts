import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { createMac, type WithMacOptions } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, signed } from '../support/sign.ts'

const ORIGIN = 'http://example.com'
const mac = createMac({ database: 'sqlite::memory:', origin: ORIGIN, onReject() {} })
const ada = await mac.createCredential('ada')

/** Paths that a router of node:http finds below /admin, and an adapter shows as /files/a. */
const REWRITTEN = [
  '/admin/../files/a',
  '/admin/x/../../files/a',
  '/admin/%2e%2E/files/a',
  '/admin/.%2e/files/a?b=c',
  '/admin\\..\\files\\a',
  'http://example.com/admin/../files/a',
  '/admin/../files/a/.',
]
/** Paths that both read alike. */
const ORDINARY = [
  '/files/a',
  '/files/a?b=/../c&d=\\',
  '/files/.hidden/..a/a..b/...',
  '/files//a',
  '/files/%5C/%2F/%252e%252e/',
  '/files/%C3%A9~%7E',
]

describe('behind a router of node:http, which chooses by the path on the wire,', () => {
  /** How adapters call a handler. Express removes from `url` the path that a handler is mounted at. */
  const calls = [
    ['@hono/node-server', (url: string) => [{ incoming: { url } }]],
    ['Express', (url: string) => [{ incoming: { url: '/', originalUrl: url } }]],
  ] as const

  test.each(calls)('a path that new URL() rewrites is rejected: %s', async (_, call) => {
    for (const options of [{}, { mode: 'optional' }] satisfies WithMacOptions[]) {
      const app = mac.withMac((_request: Request, ..._more: unknown[]) => new Response(), options)
      for (const path of REWRITTEN) {
        const answer = await outcome(app(signed(ada, `${ORIGIN}/files/a`), ...call(path)))
        expect([path, answer]).toEqual([path, '401 ERR_MAC_TARGET'])
      }
      for (const path of ORDINARY) {
        const answer = await outcome(app(signed(ada, `${ORIGIN}${path}`), ...call(path)))
        expect([path, answer]).toEqual([path, '200'])
      }
    }
  })

  test('so it is with srvx, which adds the request of node:http to its own', async () => {
    const app = mac.withMac(() => new Response())
    const send = (url: string) => {
      const runtime = { node: { req: { url } } }
      return outcome(app(Object.assign(signed(ada, `${ORIGIN}/files/a`), { runtime })))
    }
    expect(await send('/admin/../files/a')).toBe('401 ERR_MAC_TARGET')
    expect(await send('/files/a')).toBe('200')
  })

  test('a path that lost a prefix is rejected, unless the option path gives the whole path', async () => {
    const handler = (_request: Request, ..._more: unknown[]) => new Response()
    const bare = mac.withMac(handler)
    const env = (url: string) => ({ incoming: { url: '/orders', originalUrl: url } })
    const send = (app: typeof bare, signedFor: string) => {
      const { url, headers } = signed(ada, ORIGIN + signedFor)
      return outcome(app(new Request(url.replace('/shop', ''), { headers }), env('/shop/orders?a')))
    }
    expect(await send(bare, '/orders?a')).toBe('401 ERR_MAC_TARGET')
    expect(await send(bare, '/shop/orders?a')).toBe('401 ERR_MAC_TARGET')
    for (const start of [ORIGIN, 'HTTP://EXAMPLE.COM', 'ws://other.example:81']) {
      const sent = { incoming: { url: '/orders', originalUrl: `${start}/shop/orders?a` } }
      expect(await outcome(bare(signed(ada, `${ORIGIN}/orders?a`), sent))).toBe(
        '401 ERR_MAC_TARGET',
      )
    }
    const path = (request: Request) => `/shop${new URL(request.url).pathname}`
    const mounted = mac.withMac(handler, { path })
    expect(await send(mounted, '/orders?a')).toBe('401 ERR_MAC_REJECTED')
    expect(await send(mounted, '/shop/orders?a')).toBe('200')
    const open = mac.withMac(handler, { mode: 'optional' })
    expect(await outcome(open(new Request(`${ORIGIN}/orders`), env('/shop/orders')))).toBe('200')
  })

  test('with requestTarget the path on the wire is the one that is verified', async () => {
    const requestTarget = (_request: Request, { incoming }: HttpBindings) => incoming
    const app = mac.withMac((_request: Request, _env: HttpBindings) => new Response(), {
      requestTarget,
    })
    const env = { incoming: { url: '/admin/../files/a', headers: {} } } as unknown as HttpBindings
    expect(await outcome(app(signed(ada, `${ORIGIN}/files/a`), env))).toBe('401 ERR_MAC_REJECTED')
    const target = '/admin/../files/a'
    expect(await outcome(app(signed(ada, `${ORIGIN}/files/a`, { target }), env))).toBe('200')
  })

  test('requestTarget may return a request of Express, whose url has lost a prefix', async () => {
    const app = mac.withMac((_request: Request, _env: HttpBindings) => new Response(), {
      requestTarget: (_request, { incoming }) => incoming,
    })
    const incoming = { url: '/orders', originalUrl: '/shop/orders', headers: {} }
    const env = { incoming } as unknown as HttpBindings
    const send = (target: string) => outcome(app(signed(ada, `${ORIGIN}/orders`, { target }), env))
    expect(await send('/orders')).toBe('401 ERR_MAC_REJECTED')
    expect(await send('/shop/orders')).toBe('200')
  })

  test('a target in absolute-form is accepted if nothing was cut off', async () => {
    const app = mac.withMac((_request: Request, ..._more: unknown[]) => new Response())
    for (const [path, url] of [
      ['/orders?a', `${ORIGIN}/orders?a`],
      ['/', ORIGIN],
      ['/?a', `${ORIGIN}?a`],
    ] as const) {
      const answer = await outcome(app(signed(ada, ORIGIN + path), { incoming: { url } }))
      expect([url, answer]).toEqual([url, '200'])
    }
  })

  test('a request that was signed for one handler does not run another, over a socket', async () => {
    const options = { overrideGlobalObjects: false }
    const say = (name: string) =>
      getRequestListener(
        mac.withMac(() => new Response(name)),
        options,
      )
    const [admin, files] = [say('admin'), say('files')]
    const server = createServer((request, response) => {
      const listener = request.url?.startsWith('/admin/') ? admin : files
      listener(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const send = (path: string, target: string) => {
      const header = authorization(ada, ORIGIN + target)
      const fields = ['Host: example.com', `Authorization: ${header}`]
      return sendRaw(port, rawRequest(`GET ${path}`, fields))
    }
    expect(await send('/files/a', '/files/a')).toMatchObject({ status: 200 })
    expect(await send('/admin/a', '/admin/a')).toMatchObject({ status: 200 })
    expect(await send('/admin/../files/a', '/files/a')).toMatchObject({ status: 401 })
    expect(await send('/admin/%2e%2e/files/a', '/files/a')).toMatchObject({ status: 401 })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
