import { explain } from '../../src/explain/explain.ts'
import { createMac, type MacOptions } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'

const KEY = { id: 'ada', key: 'the key of ada, as it is' }

/** A request through a proxy: signed for one URL, received with another. */
interface Proxied {
  readonly signed: string
  readonly received: string
  readonly headers?: Record<string, string>
  readonly origin?: string
}

const PROXIED: readonly (readonly [name: string, proxied: Proxied, origin: string])[] = [
  [
    'TLS that ends at a proxy',
    { signed: 'https://api.example.com/x?b=1', received: 'http://api.example.com/x?b=1' },
    'https://api.example.com',
  ],
  [
    'a port that a proxy changes',
    {
      signed: 'https://api.example.com/',
      received: 'http://api.example.com:3000/',
      headers: { host: 'api.example.com:3000' },
    },
    'https://api.example.com',
  ],
  [
    'a host and a scheme in X-Forwarded fields',
    {
      signed: 'https://api.example.com/',
      received: 'http://10.0.0.7:3000/',
      headers: {
        host: '10.0.0.7:3000',
        'x-forwarded-host': 'api.example.com',
        'x-forwarded-proto': 'https',
      },
    },
    'https://api.example.com',
  ],
  [
    'a host, a port and a scheme in Forwarded',
    {
      signed: 'https://api.example.com:8443/',
      received: 'http://backend/',
      headers: {
        host: 'backend',
        forwarded: 'for=1.2.3.4;host="api.example.com:8443";proto=https',
      },
    },
    'https://api.example.com:8443',
  ],
  [
    'a port in a field of its own',
    {
      signed: 'https://api.example.com:8443/',
      received: 'http://api.example.com/',
      headers: { 'x-forwarded-port': '8443', 'x-forwarded-proto': 'https' },
    },
    'https://api.example.com:8443',
  ],
  [
    'a Host header that differs from the URL',
    {
      signed: 'http://api.example.com/',
      received: 'http://backend:3000/',
      headers: { host: 'api.example.com' },
    },
    'http://api.example.com',
  ],
  [
    'an option origin that differs from the signed origin',
    {
      signed: 'http://localhost:3000/',
      received: 'http://localhost:3000/',
      headers: { host: 'localhost:3000' },
      origin: 'https://api.example.com',
    },
    'http://localhost:3000',
  ],
  [
    'an IPv6 address',
    { signed: 'https://[::1]:8443/', received: 'http://[::1]:8443/', headers: { host: '[::1]' } },
    'http://[::1]:8443',
  ],
]

function received({ signed, received: url, headers = {} }: Proxied, signing: Signing = {}) {
  return new Request(url, {
    headers: { ...headers, authorization: authorization(KEY, signed, signing) },
  })
}

function explained(request: Request, settings: MacOptions) {
  const seen = {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
  }
  return explain(seen, KEY, { origin: settings.origin as string | undefined })
}

async function verifies(request: Request, settings: MacOptions): Promise<boolean> {
  const mac = createMac({ database: 'sqlite::memory:', ...settings })
  await mac.createCredential('ada', KEY)
  const { ok } = await mac.verify(request)
  await mac.close()
  return ok
}

describe('a server with the suggested origin accepts the request:', () => {
  test.each(PROXIED)('%s', async (_, proxied, origin) => {
    const settings: MacOptions = proxied.origin === undefined ? {} : { origin: proxied.origin }
    const request = received(proxied)
    expect(await verifies(request.clone(), settings)).toBe(false)
    const { ok, sentence, settings: suggested, mistakes } = explained(request, settings)
    expect(ok).toBe(false)
    expect(sentence).toContain(`Set origin: '${origin}' in the server`)
    expect(suggested).toEqual({ origin })
    expect(mistakes.map(({ side }) => side)).toEqual(['server'])
    expect(await verifies(request, { origin })).toBe(true)
  })
})

describe('an explanation suggests trustProxy', () => {
  const [, , [, forwarded] = [], ...others] = PROXIED

  test('if the forwarded fields contain the signed origin, and with trustProxy the server accepts the request', async () => {
    const request = received(forwarded as Proxied)
    expect(explained(request, {}).sentence).toContain('(or trustProxy,')
    expect(await verifies(request, { trustProxy: true })).toBe(true)
  })

  test('in no other case', () => {
    const plain = [PROXIED[0], PROXIED[1], ...others.slice(2)]
    for (const [name, proxied] of plain.flatMap((each) => (each === undefined ? [] : [each]))) {
      const settings = proxied.origin === undefined ? {} : { origin: proxied.origin }
      const { sentence } = explained(received(proxied), settings)
      expect([name, sentence.includes('trustProxy')]).toEqual([name, false])
    }
  })
})

test('the sentence names the signed port, the received port, and what to set', () => {
  const request = received({
    signed: 'https://api.example.com/x',
    received: 'http://api.example.com/x',
  })
  expect(explained(request, {}).sentence).toBe(
    "The client signed port 443, not 80. Set origin: 'https://api.example.com' in the server.",
  )
})

test('if the client signed the default port instead of its real port, both sides are named', () => {
  const request = received({
    signed: 'http://api.example.com/',
    received: 'http://api.example.com:3000/',
    headers: { host: 'api.example.com:3000' },
  })
  const { sentence, settings, mistakes } = explained(request, {})
  expect(sentence).toBe(
    'The client signed port 80, and the host that arrived has port 3000. ' +
      'Let the client sign the host as "api.example.com" and the port as "3000". Or, if clients call port 80 and a ' +
      "proxy writes 3000 into Host, set origin: 'http://api.example.com' in the server.",
  )
  expect(settings).toBeNull()
  expect(mistakes.map(({ side }) => side)).toEqual(['either'])
})

test('finds a target that a proxy rewrote, by the header field that contains the original', () => {
  const seen = {
    method: 'GET',
    url: 'http://api.example.com/orders?a=1',
    headers: {
      host: 'api.example.com',
      'x-original-uri': '/v1/orders?a=1',
      authorization: authorization(KEY, 'http://api.example.com/v1/orders?a=1'),
    },
  }
  const { sentence, mistakes } = explain(seen, KEY)
  expect(mistakes).toMatchObject([{ kind: 'path-prefix', side: 'server' }])
  expect(sentence).toContain('X-Original-URI')
  const { 'x-original-uri': _, ...headers } = seen.headers
  const cut = { ...seen, headers: { ...headers, 'x-forwarded-prefix': '/v1/' } }
  expect(explain(cut, KEY).mistakes).toMatchObject([{ kind: 'path-prefix', side: 'server' }])
  const other = { ...seen, headers: { ...seen.headers, 'x-original-uri': '/entry?a=1' } }
  const entry = authorization(KEY, 'http://api.example.com/entry?a=1')
  const replaced = { ...other, headers: { ...other.headers, authorization: entry } }
  expect(explain(replaced, KEY).mistakes).toMatchObject([
    { kind: 'target-original', side: 'server' },
  ])
})
