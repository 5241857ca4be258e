import { createMac } from '../../src/index.ts'
import { rawRequest, sendRaw } from '../support/raw.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Key } from '../support/sign.ts'

const mac = createMac({ database: 'sqlite::memory:', onReject() {} })
const ada = await mac.createCredential('ada')

type Table = Readonly<Record<string, unknown>>

/** Starts a server with these routes. */
function serve(routes: Table) {
  const fallback = () => new Response('fallback')
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    routes: routes as Record<string, () => Response>,
    fetch: fallback,
  })
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) }
}

/** @returns A handler whose answer says for which pattern and method it ran, and with which params. */
const reporting =
  (pattern: string, method = '') =>
  (request: Request & { params?: object }) =>
    new Response('', {
      headers: { 'x-ran': encodeURIComponent(JSON.stringify([pattern, method, request.params])) },
    })

/** @returns Routes with such handlers, from patterns like `/ping GET,DELETE`. */
function routesOf(patterns: readonly string[]): Record<string, unknown> {
  const table: Record<string, unknown> = {}
  for (const pattern of patterns) {
    const [path = '', methods] = pattern.split(' ')
    if (methods === 'false') table[path] = false
    else if (methods === undefined) table[path] = reporting(path)
    else {
      const handlers = methods.split(',').map((method) => [method, reporting(path, method)])
      table[path] = Object.fromEntries(handlers)
    }
  }
  return table
}

interface Sent {
  readonly method?: string
  /** The signed target. Default: the target that `request.url` will show. */
  readonly signed?: string
  readonly key?: Key | null
}

/** @returns What ran for a target on the wire, as `["/files/:id","",{"id":"a"}]`, otherwise the answer. */
async function send(port: number, raw: string, { method = 'GET', signed, key = ada }: Sent = {}) {
  const origin = `http://127.0.0.1:${port}`
  const url = origin + (signed ?? new URL(origin + raw).href.slice(origin.length))
  const fields = [`Host: 127.0.0.1:${port}`, 'Content-Length: 0']
  if (key !== null) fields.push(`Authorization: ${authorization(key, url, { method })}`)
  const answer = await sendRaw(port, rawRequest(`${method} ${raw}`, fields))
  const ran = answer.headers.get('x-ran')
  if (ran !== null) return decodeURIComponent(ran)
  const code = /"code":"(\w+)"/.exec(answer.body)?.[1]
  return `${answer.status} ${code ?? answer.body}`.trim()
}

describe('as the routes of Bun.serve, mac.routes', () => {
  const PATTERNS = [
    '/files/:id',
    '/files/public',
    '/admin/*',
    '/refunds/:id/* POST',
    '/orders/:id/note POST',
    '/a/:x/b/:y',
    '/ping GET,DELETE',
    '/hidden false',
    '/*',
  ]

  test('rejects a path by which an attacker could choose another handler', async () => {
    await using server = serve(mac.routes(routesOf(PATTERNS) as never))
    const attacks: [string, string?][] = [
      ['/admin/../files/a'],
      ['/admin/%2e%2e/files/a'],
      ['/admin/.%2E/files/a'],
      ['/admin\\..\\files\\a'],
      ['/admin/..\\files\\a'],
      ['/refunds/99/..\\..\\orders\\7\\note', 'POST'],
      ['/refunds/99/../../orders/7/note', 'POST'],
      ['/refunds/7/../../orders/7/note', 'POST'],
      ['/files/x\\..\\public'],
      ['/files/..\\files\\a'],
      ['/x/../ping'],
      ['/x/../ping', 'DELETE'],
      ['/x/../hidden'],
      ['/a/1/b/2\\..\\..\\..\\..\\files\\a'],
      ['/files/.'],
      ['/files/a\\'],
    ]
    for (const [raw, method = 'GET'] of attacks) {
      const ran = await send(server.port, raw, { method })
      expect([raw, ran]).toEqual([raw, '401 ERR_MAC_TARGET'])
    }
    const absolute = 'http://b.example/admin/../files/a'
    expect(await send(server.port, absolute, { signed: '/files/a' })).toBe('401 ERR_MAC_TARGET')
  })

  test('runs the handler of the signed path, with the params that Bun decodes', async () => {
    await using server = serve(mac.routes(routesOf(PATTERNS) as never))
    const cases: [string, unknown, string?][] = [
      ['/files/a', ['/files/:id', '', { id: 'a' }]],
      ['/files/a%2Fb', ['/files/:id', '', { id: 'a/b' }]],
      ['/files/a%2fb', ['/files/:id', '', { id: 'a/b' }]],
      ['/files/a+b', ['/files/:id', '', { id: 'a+b' }]],
      ['/files/a%20b', ['/files/:id', '', { id: 'a b' }]],
      ['/files/%C3%A9%F0%9F%98%80', ['/files/:id', '', { id: 'é😀' }]],
      ['/files/%EF%BB%BFa', ['/files/:id', '', { id: '\ufeffa' }]],
      ['/files/%25%2525', ['/files/:id', '', { id: '%%25' }]],
      ['/files/%00', ['/files/:id', '', { id: '\0' }]],
      ['/files/a%5Cb', ['/files/:id', '', { id: 'a\\b' }]],
      ['/files/publi%63', ['/files/:id', '', { id: 'public' }]],
      ['/files/a?b=/../c', ['/files/:id', '', { id: 'a' }]],
      ['/files/a^{b}', ['/files/:id', '', { id: 'a^{b}' }]],
      ["/files/a;b,c=d&e@f:g~|[]!$'()*", ['/files/:id', '', { id: "a;b,c=d&e@f:g~|[]!$'()*" }]],
      ['/files/public', ['/files/public', '', {}]],
      ['/files/', ['/*', '', {}]],
      ['/files//', ['/*', '', {}]],
      ['/files/a/', ['/*', '', {}]],
      ['//files/a', ['/*', '', {}]],
      ['/x/../y', ['/*', '', {}]],
      ['/admin/', ['/admin/*', '', {}]],
      ['/admin//a', ['/admin/*', '', {}]],
      ['/admin/x/../y', ['/admin/*', '', {}]],
      ['/ping', ['/ping', 'GET', {}]],
      ['/ping', ['/ping', 'GET', {}], 'HEAD'],
      ['/ping', ['/ping', 'DELETE', {}], 'DELETE'],
      ['/ping', ['/*', '', {}], 'POST'],
      ['/ping', ['/*', '', {}], 'OPTIONS'],
    ]
    for (const [raw, ran, method = 'GET'] of cases) {
      expect([raw, await send(server.port, raw, { method })]).toEqual([raw, JSON.stringify(ran)])
    }
    expect(await send(server.port, '/hidden')).toBe('200 fallback')
  })

  test.each(['%', '%zz', '%FF', '%E0%A4%A', '%ED%A0%80', '%C0%AF', '%u0041'])(
    'answers 401 for a parameter that Bun cannot decode: %s',
    async (id) => {
      await using server = serve(mac.routes(routesOf(PATTERNS) as never))
      expect(await send(server.port, `/files/${id}`)).toBe('401 ERR_MAC_TARGET')
    },
  )

  test('rejects an anonymous caller whose path names another handler, in the mode optional', async () => {
    await using server = serve(mac.routes(routesOf(PATTERNS) as never, { mode: 'optional' }))
    expect(await send(server.port, '/admin/../files/a', { key: null })).toBe('401 ERR_MAC_TARGET')
    expect(await send(server.port, '/admin/x', { key: null })).toContain('/admin/*')
  })
})

describe('in the routes of Bun.serve, a plain withMac', () => {
  const guard = (table: Table) => {
    const entries = Object.entries(table).map(([pattern, handler]) => {
      return [pattern, mac.withMac(handler as () => Response)]
    })
    return Object.fromEntries(entries)
  }

  test('runs handlers of exact patterns and of parameters only for the signed path', async () => {
    const table = routesOf(['/files/:id', '/files/public', '/a/:x/:y', '/users/:id/keys'])
    await using server = serve(guard(table))
    for (const path of ['/files/a%2Fb', '/files/public', '/a/1/2', '/users/ada/keys']) {
      const [pattern] = JSON.parse(await send(server.port, path))
      expect(new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path)).toBe(true)
    }
    for (const raw of [
      '/files/..\\admin',
      '/files/.',
      '/files/..',
      '/files/%2e%2E',
      '/a/x\\y/x%5Cy',
      '/a/1/..\\..\\files\\a',
      '/users/..\\users\\ada/keys',
    ]) {
      expect([raw, await send(server.port, raw)]).toEqual([raw, '401 ERR_MAC_TARGET'])
    }
  })

  test('does not see what * matched: mac.routes does', async () => {
    const table = routesOf(['/admin/*'])
    await using plain = serve(guard(table))
    expect(await send(plain.port, '/admin/../files/a')).toContain('/admin/*')
    await using guarded = serve(mac.routes(table as never))
    expect(await send(guarded.port, '/admin/../files/a')).toBe('401 ERR_MAC_TARGET')
  })
})

describe('for random routes and paths, mac.routes', () => {
  const SEGMENTS = ['a', 'b', ':x', ':y', '*', '']
  const PIECES = ['a', 'b', 'c', 'a%2Fb', '%61', '', '..', '.', 'a\\b', '..\\a', '%2e%2e', 'b\\..']
  const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS']
  const HANDLED = ['', '', '', ' GET', ' POST', ' GET,POST', ' HEAD', ' GET,HEAD', ' false']

  test('runs the handler that Bun runs for the signed path, and no other', async () => {
    const random = generator(7)
    const seen = { ran: 0, rejected: 0 }
    for (let round = 0; round < 60; round++) {
      const table = routesOf(randomTable(random))
      await using bare = serve(table)
      await using guarded = serve(mac.routes(table as never))
      for (let each = 0; each < 12; each++) {
        const method = random.of(METHODS)
        const raw = `/${random.some(PIECES, 1, 4).join('/')}`
        const normal = new URL(`http://a${raw}`).href.slice('http://a'.length)
        const ran = await send(guarded.port, raw, { method })
        const [sent, signed] = [
          await send(bare.port, raw, { method }),
          await send(bare.port, normal, { method }),
        ]
        const context = { patterns: Object.keys(table), method, raw, normal, sent, signed, ran }
        const isHandled = sent.startsWith('[')
        const isAllowed = !isHandled || sent === signed
        // An answer to HEAD has no body, and so no code.
        const rejected = method === 'HEAD' ? '401' : '401 ERR_MAC_TARGET'
        expect(context).toEqual({ ...context, ran: isAllowed ? sent : rejected })
        seen[isAllowed ? 'ran' : 'rejected']++
      }
    }
    expect(seen.ran).toBeGreaterThan(200)
    expect(seen.rejected).toBeGreaterThan(30)
  })

  /** @returns Patterns that can be in one table, because no two of them match the same paths. */
  function randomTable(random: ReturnType<typeof generator>): string[] {
    const patterns = new Map<string, string>()
    for (let count = 0; count < 7; count++) {
      const segments = random.some(SEGMENTS, 1, 3)
      const star = segments.indexOf('*')
      const kept = star === -1 ? segments : segments.slice(0, star + 1)
      // Bun allows no two parameters of one name.
      const names = kept.filter((segment) => segment.startsWith(':'))
      if (new Set(names).size < names.length) continue
      const pattern = `/${kept.join('/')}`
      patterns.set(pattern.replaceAll(/:\w/g, ':'), pattern + random.of(HANDLED))
    }
    return [...patterns.values()]
  }
})

/** @returns Choices that look random, and are the same on each run. */
function generator(seed: number) {
  let state = seed
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % limit
  }
  const of = <Value>(values: readonly Value[]) => values[below(values.length)] as Value
  const some = <Value>(values: readonly Value[], least: number, most: number) =>
    Array.from({ length: least + below(most - least + 1) }, () => of(values))
  return { of, some }
}
