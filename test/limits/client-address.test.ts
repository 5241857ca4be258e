import { clientAddressOf } from '../../src/limits/client-address.ts'
import type { ForwardedFamily } from '../../src/protocol/forwarded.ts'
import { describe, expect, test } from '../support/runner.ts'

const request = new Request('http://example.com/')
const OWN = { clientAddress: null, trustProxy: null }

describe('without a proxy, the address is the one that the server shows:', () => {
  const shown = (first: unknown, ...rest: unknown[]) =>
    clientAddressOf(request, first, rest, OWN).counted

  test("requestIP of Bun's second argument, called with the Request", () => {
    const requestIP = (asked: Request) => (asked === request ? { address: '192.0.2.1' } : null)
    expect(shown(request, { requestIP })).toBe('192.0.2.1')
    expect(shown({ request }, { requestIP })).toBe('192.0.2.1')
  })

  test("Deno's second argument", () => {
    expect(shown(request, { remoteAddr: { hostname: '192.0.2.1', port: 1 } })).toBe('192.0.2.1')
  })

  test("node:http's request from @hono/node-server", () => {
    const incoming = { socket: { remoteAddress: '::ffff:192.0.2.1' } }
    expect(shown(request, { incoming, outgoing: {} })).toBe('192.0.2.1')
  })

  test("srvx's request, SvelteKit's event, Astro's context", () => {
    const req = { socket: { remoteAddress: '192.0.2.1' } }
    expect(shown({ url: '/', headers: {}, runtime: { node: { req } } })).toBe('192.0.2.1')
    const event = { address: '192.0.2.1', getClientAddress: () => '192.0.2.1' }
    expect(shown({ request, ...event })).toBe('192.0.2.1')
    expect(shown({ request, clientAddress: '192.0.2.1' })).toBe('192.0.2.1')
  })

  test.each([
    [[]],
    [[null]],
    [['a text']],
    [[{ requestIP: () => null }]],
    [[{ remoteAddr: { transport: 'unix', path: '/run/app.sock' } }]],
    [[{ incoming: { socket: {} } }]],
    [[{ incoming: null }]],
  ])('null, if the server shows none: %j', (rest) => {
    expect(shown(request, ...rest)).toBe(null)
  })

  test('null, if reading it throws', () => {
    const getClientAddress = () => {
      throw new Error('there is no connection')
    }
    expect(shown({ request, getClientAddress })).toBe(null)
  })

  test('null, if only forwarded fields contain one', () => {
    const headers = { 'x-forwarded-for': '192.0.2.9', forwarded: 'for=192.0.2.9' }
    const forwarded = new Request('http://example.com/', { headers })
    expect(clientAddressOf(forwarded, forwarded, [], OWN).counted).toBe(null)
  })
})

describe('with trustProxy, the address is the last one in the forwarded fields:', () => {
  const SOCKET = { incoming: { socket: { remoteAddress: '10.0.0.1' } } }
  function addressBy(headers: Record<string, string>, trustProxy: ForwardedFamily = 'both') {
    const forwarded = new Request('http://example.com/', { headers })
    const settings = { clientAddress: null, trustProxy }
    return clientAddressOf(forwarded, forwarded, [SOCKET], settings).counted
  }

  test.each([
    [{ 'x-forwarded-for': '192.0.2.1' }, '192.0.2.1'],
    [{ 'x-forwarded-for': '203.0.113.9, 192.0.2.1' }, '192.0.2.1'],
    [{ 'x-forwarded-for': 'unknown,192.0.2.1:4711' }, '192.0.2.1'],
    [{ forwarded: 'for=192.0.2.1' }, '192.0.2.1'],
    [{ forwarded: 'for=203.0.113.9, proto=https;For="192.0.2.1:4711"' }, '192.0.2.1'],
    [{ forwarded: 'for="[2001:db8:1:2::9]:4711"' }, '2001:db8:1:2::/64'],
    [{ forwarded: 'for="[2001:db8:1:2::9]"', 'x-forwarded-for': '2001:db8:1:2::9' }, /2001/],
  ] as const)('%j', (headers, address) => {
    expect(addressBy(headers as Record<string, string>)).toMatch(address as string)
  })

  test.each([
    [{}],
    [{ 'x-forwarded-for': '' }],
    [{ 'x-forwarded-for': '192.0.2.1, unknown' }],
    [{ forwarded: 'for=unknown' }],
    [{ forwarded: 'for=_hidden' }],
    [{ forwarded: 'for=192.0.2.1, proto=https' }],
    [{ forwarded: 'for="192.0.2.1' }],
  ])('null, if the last one is not an address: %j', (headers) => {
    expect(addressBy(headers as Record<string, string>)).toBe(null)
  })

  test('an error, if the two fields contain different addresses', () => {
    const both = { forwarded: 'for=192.0.2.1', 'x-forwarded-for': '192.0.2.2' }
    expect(() => addressBy(both)).toThrow('two different addresses')
  })

  test('from only one of the fields, if trustProxy names it', () => {
    const both = { forwarded: 'for=192.0.2.1', 'x-forwarded-for': '192.0.2.2' }
    expect(addressBy(both, 'forwarded')).toBe('192.0.2.1')
    expect(addressBy(both, 'x-forwarded')).toBe('192.0.2.2')
  })
})

describe('the function clientAddress', () => {
  const by = (clientAddress: () => string | undefined) =>
    clientAddressOf(request, request, ['b'], { clientAddress, trustProxy: 'both' })

  test('overrides all other ways, and gets the arguments of the handler', () => {
    const given: unknown[] = []
    const clientAddress = (...all: unknown[]) => {
      given.push(...all)
      return '[2001:db8:1:2::9]:80'
    }
    expect(by(clientAddress).counted).toBe('2001:db8:1:2::/64')
    expect(given).toEqual([request, 'b'])
  })

  test('is called only when the address is needed, and only once', () => {
    let calls = 0
    const client = by(() => `192.0.2.${++calls}`)
    expect(calls).toBe(0)
    expect([client.counted, client.counted]).toEqual(['192.0.2.1', '192.0.2.1'])
  })

  test('may return undefined, or a text that is not an address', () => {
    expect(by(() => undefined).counted).toBe(null)
    expect(by(() => 'unknown').counted).toBe(null)
  })

  test.each([[() => 7], [() => Promise.resolve('192.0.2.1')], [() => JSON.parse('{')]])(
    'causes an error that names it, if it is %p',
    (wrong) => {
      expect(() => by(wrong as () => string).counted).toThrow('clientAddress failed')
    },
  )
})
