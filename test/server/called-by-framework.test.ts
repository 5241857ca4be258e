import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createMac, verify } from '../../src/index.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'

/* withMac and verify, given to a framework as if they were middleware: `app.use(withMac)`. */

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const request = () => new Request(URL)
const next = () => {}

/** How frameworks call a middleware or a handler, and what the message must name. */
const CALLS: readonly [framework: string, call: readonly unknown[], names: RegExp][] = [
  ['Hono', [{ req: { raw: request(), url: URL }, env: {} }, next], /import mac of 'withmac\/hono'/],
  ["Next's proxy, or Bun.serve", [request(), {}], /withMac\(handler\).*verify\(request\)/],
  ["SvelteKit's handle", [{ event: { request: request() }, resolve: next }], /verify\(request\)/],
  ['Astro', [{ request: request(), url: new globalThis.URL(URL) }, next], /verify\(request\)/],
  ['React Router', [{ request: request(), context: {} }, next], /verify\(request\)/],
  [
    'Elysia',
    [{ request: request(), set: { headers: {} }, path: '/a' }],
    /throw await verdict\.response\(\)/,
  ],
  ['h3', [{ req: request(), url: new globalThis.URL(URL) }, next], /verify\(request\)/],
  ['Koa', [{ req: { httpVersion: '1.1', headers: {} }, request: {} }, next], /getRequestListener/],
  ['Fastify', [{ raw: { httpVersion: '1.1', headers: {} } }, {}, next], /getRequestListener/],
  [
    "Fastify's register",
    [{ addHook: next, decorateRequest: next }, {}, next],
    /getRequestListener/,
  ],
  ['Express', [{ httpVersion: '1.1', headers: {}, url: '/a' }, {}, next], /getRequestListener/],
]

describe('withMac called by a framework throws at once, and says what to write:', () => {
  test.each(CALLS)('%s', (_, call, names) => {
    const withMac = mac.withMac as (...given: readonly unknown[]) => unknown
    expect(() => withMac(...call)).toThrow(TypeError)
    expect(() => withMac(...call)).toThrow(/called by a framework/)
    expect(() => withMac(...call)).toThrow(names)
  })
})

test('a handler, an application and an object that holds a fetch are not mistaken for a call', () => {
  const fetch = () => new Response()
  for (const handler of [
    fetch,
    { fetch },
    Object.assign(fetch, { url: URL }),
    new (class {
      fetch = fetch
    })(),
    // As itty-router: for each name there is a function that adds a route.
    Object.assign(Object.create(new Proxy({}, { get: () => fetch })), { fetch }),
  ]) {
    expect(typeof mac.withMac(handler)).toBe('function')
  }
})

describe('an application that a framework gives to its plugin', () => {
  // They ignore a promise that rejects, so this must throw before it returns one.
  const wrapped = mac.withMac(() => new Response())
  const plugins = { verify, 'verify of a Mac': mac.verify, 'a wrapped handler': wrapped }
  test.each(Object.entries(plugins))('is refused by %s at once', (_, plugin) => {
    const app = { fetch: next, register: next }
    expect(() => (plugin as (app: unknown) => unknown)(app)).toThrow(/is not a plugin/)
  })

  test('is not an event that has a function fetch besides its request', async () => {
    const event = { request: request(), fetch: next }
    expect((await mac.verify(event)).ok).toBe(false)
  })
})

describe('verify as a middleware', () => {
  type Listener = (...given: unknown[]) => unknown

  test.each([verify, mac.verify])('passes one error to next of Express and Connect', async (of) => {
    const errors: unknown[] = []
    const incoming = { httpVersion: '1.1', headers: {}, url: '/a' }
    const response = { writeHead: next, end: next }
    await (of as unknown as Listener)(incoming, response, (error: unknown) => errors.push(error))
    expect(errors).toHaveLength(1)
    expect(String(errors[0])).toContain('getRequestListener')
  })

  test('answers 500 on node:http, so that no client waits', async () => {
    const printed = spyOn(console, 'error').mockImplementation(() => {})
    const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
      void (mac.verify as unknown as Listener)(incoming, response)
    })
    try {
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      const { port } = server.address() as { port: number }
      expect((await fetch(`http://127.0.0.1:${port}/a`)).status).toBe(500)
      expect(String(printed.mock.calls[0]?.[0])).toContain('getRequestListener')
    } finally {
      printed.mockRestore()
      server.close()
    }
  })

  test.each([
    ["SvelteKit's handle", [{ event: { request: request() }, resolve: next }]],
    ["Next's proxy", [request(), { waitUntil: next }]],
    ['Bun.serve', [request(), { upgrade: next, requestIP: next }]],
    ['Deno.serve', [request(), { remoteAddr: {}, completed: Promise.resolve() }]],
  ])('called by %s rejects, and says what to write', async (_, [first, second]) => {
    const verifying = mac.verify(first as never, second as never)
    await expect(verifying).rejects.toThrow(/called by a framework.*verify\(request\)/)
  })

  test('rejects on every other framework that gives options of its own', async () => {
    for (const [, [first, second]] of CALLS.filter(([, call]) => call[1] === next)) {
      await expect(mac.verify(first as never, second as never)).rejects.toThrow(TypeError)
    }
  })
})
