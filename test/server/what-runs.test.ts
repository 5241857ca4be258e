import { createMac, getMac, getMacError, type WithMacOptions } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { GRANT, SHOP, tokenRequest } from '../oauth/endpoint.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

/** A request as a server shows it, changed on its way: see `SECURITY.md`. */
interface Shown {
  readonly url: string
  readonly host?: string
  readonly fields?: Readonly<Record<string, string>>
}

type Options = Pick<WithMacOptions, 'origin' | 'trustProxy'>

const SITE = 'http://api.example.com'
const OTHER = 'http://other.example.com'

/** Every way to find the signed origin. Each accepts a request that is sent to `SITE`. */
const PATHS: readonly (readonly [name: string, options: Options])[] = [
  ['no option', {}],
  ['one origin', { origin: SITE }],
  ['a list of origins', { origin: [SITE, OTHER] }],
  ['a function', { origin: () => SITE }],
  ['a function of Host', { origin: ({ headers }) => `http://${headers.get('host')}` }],
  ['trustProxy', { trustProxy: true }],
  ['only Forwarded', { trustProxy: 'forwarded' }],
  ['only X-Forwarded-*', { trustProxy: 'x-forwarded' }],
]

/** Replaces `Request`, whose constructor would normalize the URL. Deno.serve does not. */
function shown({ url, host, fields = {} }: Shown, header: string): Request {
  const headers = new Headers({ ...fields, authorization: header })
  if (host !== undefined) headers.set('host', host)
  return { url, method: 'GET', headers } as unknown as Request
}

/** @returns The outcome for a request signed for `signed`. Checks that `mac.verify` agrees. */
async function arrive(options: Options, signed: string, request: Shown): Promise<string> {
  const mac = createMac({ database: 'sqlite::memory:', onReject: () => {}, ...options })
  const ada = await mac.createCredential('ada')
  const seen: string[] = []
  const app = mac.withMac(({ url }) => {
    seen.push(url)
    return new Response()
  })
  const handled = await outcome(app(shown(request, authorization(ada, signed))))
  const verdict = await mac.verify(shown(request, authorization(ada, signed)))
  const verified = verdict.ok ? '200' : `${verdict.error.status} ${verdict.error.told.code}`
  expect(verified).toBe(handled)
  expect(seen).toHaveLength(handled === '200' ? 1 : 0)
  return handled
}

describe.each(PATHS)('with %s', (_, options) => {
  test('an ordinary request reaches the handler', async () => {
    const request = { url: `${SITE}/a?b=1`, host: 'api.example.com' }
    expect(await arrive(options, `${SITE}/a?b=1`, request)).toBe('200')
    const spelt = { url: `${SITE}/a?b=1`, host: 'API.example.com:80' }
    expect(await arrive(options, `${SITE}/a?b=1`, spelt)).toBe('200')
  })

  test('a request without a Host header, as over HTTP/2, reaches the handler', async () => {
    const { origin } = options
    // This function needs a Host header.
    if (typeof origin === 'function' && origin.length > 0) return
    expect(await arrive(options, `${SITE}/a`, { url: `${SITE}/a` })).toBe('200')
  })

  test.each([
    ['/files/a#/delete'],
    ['/files/a#'],
    ['/files/a?b#c'],
    ['/#'],
    ['#'],
    ['#/a'],
    ['?#'],
    ['/%23#'],
  ])('a target with a fragment is rejected: %s', async (target) => {
    const url = `${SITE}${target}`
    for (const signed of [url, `${SITE}${target.replace(/#.*/, '')}`]) {
      const request = { url, host: 'api.example.com' }
      expect(await arrive(options, signed, request)).toBe('401 ERR_MAC_TARGET')
      expect(await arrive(options, signed, { url })).toBe('401 ERR_MAC_TARGET')
    }
  })

  test('a percent-encoded "#" is an ordinary part of the target', async () => {
    const request = { url: `${SITE}/a%23b?c=%23`, host: 'api.example.com' }
    expect(await arrive(options, `${SITE}/a%23b?c=%23`, request)).toBe('200')
  })

  // Signed for /internal/v1/users and /public, and sent to /v1/users and /admin.
  test.each([
    ['api.example.com/internal', '/v1/users', '/internal/v1/users'],
    ['api.example.com/public#', '/admin', '/public'],
    ['api.example.com/public?', '/admin', '/public?/admin'],
    ['api.example.com?', '/admin', '?/admin'],
    ['api.example.com#', '/admin', '/'],
    ['api.example.com\\internal', '/v1/users', '/internal/v1/users'],
    ['api.example.com/', '/admin', '//admin'],
    ['api.example.com:80/internal', '/v1/users', '/internal/v1/users'],
  ])('a Host that shifts the path is rejected: %s', async (host, sent, signed) => {
    const request = { url: `http://${host}${sent}`, host }
    expect(await arrive(options, `${SITE}${signed}`, request)).toMatch(
      /^401 ERR_MAC_(HOST|TARGET)$/,
    )
    // The same if the server takes only the authority from it, and shows the header unchanged.
    const read = { url: `${SITE}${sent}`, host }
    expect(await arrive(options, `${SITE}${sent}`, read)).toBe('401 ERR_MAC_HOST')
  })

  test.each([
    ['user@api.example.com'],
    ['user:pw@api.example.com'],
    ['api.example.com, api.example.com'],
    ['api.example.com,other.example.com'],
    ['api.example.com other.example.com'],
    ['api%2Eexample.com'],
    ['api.example.com%2Finternal'],
    ['api.example.com:'],
    ['api.example.com:080'],
    ['api.example.com:80:80'],
    ['api..example.com'],
    ['[::1'],
    ['127.1'],
    [''],
  ])('a Host that is not an authority is rejected: %j', async (host) => {
    for (const url of [`http://${host}/a`, `${SITE}/a`]) {
      expect(await arrive(options, `${SITE}/a`, { url, host })).toBe('401 ERR_MAC_HOST')
    }
    // A malformed authority in the URL, with a valid Host.
    const request = { url: `http://${host}/a`, host: 'api.example.com' }
    expect(await arrive(options, `${SITE}/a`, request)).toBe('401 ERR_MAC_HOST')
  })
})

describe('the Host of a proxy', () => {
  const inside = { url: 'http://127.0.0.1:3000/a', host: '127.0.0.1:3000' }

  test('may differ from the configured origin and from the forwarded host', async () => {
    expect(await arrive({ origin: SITE }, `${SITE}/a`, inside)).toBe('200')
    expect(await arrive({ origin: () => SITE }, `${SITE}/a`, inside)).toBe('200')
    const fields = { 'x-forwarded-host': 'api.example.com', 'x-forwarded-proto': 'http' }
    expect(await arrive({ trustProxy: true }, `${SITE}/a`, { ...inside, fields })).toBe('200')
  })

  test('may differ from a URL that the framework built from the public origin', async () => {
    const made = { url: `${SITE}/a`, host: '127.0.0.1:3000' }
    expect(await arrive({ origin: SITE }, `${SITE}/a`, made)).toBe('200')
    expect(await arrive({ origin: () => SITE }, `${SITE}/a`, made)).toBe('200')
    const fields = { forwarded: 'host=api.example.com' }
    expect(await arrive({ trustProxy: true }, `${SITE}/a`, { ...made, fields })).toBe('200')
    // Express takes the host of one and the port of the other.
    const mixed = { url: 'http://api.example.com:3000/a', host: '127.0.0.1:3000', fields }
    expect(await arrive({ trustProxy: true }, `${SITE}/a`, mixed)).toBe('200')
  })

  test.each([
    ['api.example.com/internal'],
    ['api.example.com#'],
    ['api.example.com?'],
    ['u@api.example.com'],
    ['api%2Eexample.com'],
    ['api.example.com\\x'],
    ['api example.com'],
  ])('is rejected if it is malformed, also if it is forwarded: %s', async (host) => {
    // In a quoted string of Forwarded, "\\x" stands for "x".
    for (const fields of [{ 'x-forwarded-host': host }, { forwarded: `host="${host}"` }]) {
      const request = { ...inside, fields: fields as Record<string, string> }
      expect(await arrive({ trustProxy: true }, `${SITE}/a`, request)).toMatch(
        host.includes('\\') ? /^401 ERR_MAC_(HOST|REJECTED)$/ : /^401 ERR_MAC_HOST$/,
      )
    }
  })
})

describe('a target in absolute-form, whose host the handler sees,', () => {
  const request = { url: `${OTHER}/a`, host: 'api.example.com' }

  test('is rejected if it names another one of the configured origins', async () => {
    const list = { origin: [SITE, OTHER] }
    expect(await arrive(list, `${SITE}/a`, request)).toBe('401 ERR_MAC_HOST')
    expect(await arrive(list, `${OTHER}/a`, request)).toBe('401 ERR_MAC_HOST')
    const schemes = { origin: ['https://api.example.com', 'https://other.example.com'] }
    const tls = 'https://api.example.com/a'
    expect(await arrive(schemes, tls, request)).toBe('401 ERR_MAC_HOST')
    expect(await arrive(schemes, tls, { ...request, url: `${SITE}/a` })).toBe('200')
  })

  test('is rejected if its port is that of another configured origin', async () => {
    const list = { origin: [SITE, `${SITE}:8080`] }
    const shifted = { url: `${SITE}:8080/a`, host: 'api.example.com' }
    expect(await arrive(list, `${SITE}/a`, shifted)).toBe('401 ERR_MAC_HOST')
  })

  test('is accepted if it names the same configured origin as Host', async () => {
    const same = { url: 'http://api.example.com:80/a', host: 'API.example.com' }
    for (const origin of [
      [SITE, OTHER],
      [SITE, 'https://api.example.com'],
    ]) {
      expect(await arrive({ origin }, `${SITE}/a`, same)).toBe('200')
    }
  })

  test('is rejected if it differs from Host, and from the origin of a function or a proxy', async () => {
    const byHost = ({ headers }: Request) => `http://${headers.get('host')}`
    const options: readonly Options[] = [{ origin: byHost }, { trustProxy: true }, {}]
    for (const option of options) {
      expect(await arrive(option, `${SITE}/a`, request)).toBe('401 ERR_MAC_HOST')
    }
    const fields = { 'x-forwarded-host': 'api.example.com' }
    const behind = { ...request, host: '127.0.0.1:3000', fields }
    expect(await arrive({ trustProxy: true }, `${SITE}/a`, behind)).toBe('401 ERR_MAC_HOST')
    const port = { url: `${SITE}:81/a`, host: 'api.example.com' }
    expect(await arrive({ trustProxy: true }, `${SITE}/a`, port)).toBe('401 ERR_MAC_HOST')
  })
})

describe('a host so short that Elysia would read the path one segment later', () => {
  /** Where Elysia looks for the path of a URL. */
  const routed = (url: string) => url.slice(url.indexOf('/', 11))

  test.each(['a', 'a.b', 'abc'])('is rejected if it is not what was signed: %s', async (host) => {
    const request = { url: `http://${host}/files/admin/users`, host }
    expect(routed(request.url)).toBe('/admin/users')
    const fields = { 'x-forwarded-host': 'api.example.com' }
    for (const options of [{ origin: SITE }, { origin: () => SITE }, { trustProxy: true }]) {
      const answer = await arrive(options, `${SITE}/files/admin/users`, { ...request, fields })
      expect(answer).toBe('401 ERR_MAC_HOST')
    }
    const absolute = { ...request, host: 'api.example.com' }
    for (const [, options] of PATHS) {
      expect(await arrive(options, `${SITE}/files/admin/users`, absolute)).toBe('401 ERR_MAC_HOST')
    }
  })

  test.each(['abcd', 'a:80', '[::1]'])('is shorter than this one: %s', async (host) => {
    const request = { url: `http://${host}/files/a`, host }
    expect(routed(request.url)).toBe('/files/a')
    expect(await arrive({ origin: SITE }, `${SITE}/files/a`, request)).toBe('200')
  })

  test('is accepted if it was signed, also behind a proxy that ends TLS', async () => {
    const request = { url: 'http://api/a', host: 'api' }
    expect(await arrive({}, 'http://api/a', request)).toBe('200')
    expect(await arrive({ origin: 'http://api' }, 'http://api/a', request)).toBe('200')
    expect(await arrive({ origin: 'https://api' }, 'https://api/a', request)).toBe('200')
  })

  test('is rejected even if it was signed, if a scope function checks the path', async () => {
    const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
    const ada = await mac.createCredential('ada')
    const app = mac.withMac(() => new Response(), { scope: () => null })
    const cases = [
      ['api', '401 ERR_MAC_HOST'],
      ['apis', '200'],
    ] as const
    for (const [host, answer] of cases) {
      const url = `http://${host}/files/admin`
      expect(await outcome(app(shown({ url, host }, authorization(ada, url))))).toBe(answer)
    }
  })
})

test('a scope function is not called for a target with a fragment', async () => {
  const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
  const ada = await mac.createCredential('ada')
  let asked = 0
  const scope = () => {
    asked++
    return null
  }
  const app = mac.withMac(() => new Response(), { scope })
  const request = { url: `${SITE}/files/a#/delete`, host: 'api.example.com' }
  expect(await outcome(app(shown(request, authorization(ada, `${SITE}/files/a`))))).toBe(
    '401 ERR_MAC_TARGET',
  )
  expect(asked).toBe(0)
})

test('in the mode optional, a target with a fragment makes the caller anonymous', async () => {
  const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac(
    (request) => new Response(`${getMac(request)?.user} ${getMacError(request)?.code}`),
    { mode: 'optional' },
  )
  const request = shown({ url: `${SITE}/a#b` }, authorization(ada, `${SITE}/a`))
  expect(await (await app(request)).text()).toBe('undefined ERR_MAC_TARGET')
})

describe('a token endpoint', () => {
  const ask = async (options: Options, { url, host }: Shown) => {
    const mac = createMac({ database: 'sqlite::memory:', ...options })
    const token = createTokenEndpoint(mac, { authenticateClient: () => ({ user: 'ada' }) })
    const request = tokenRequest({ ...GRANT, ...SHOP }, host === undefined ? {} : { host })
    // A Request keeps neither a fragment nor such a Host in its URL as Deno.serve does.
    Object.defineProperty(request, 'url', { value: url })
    return (await token(request)).status
  }
  const paths = [
    ['no option', {}],
    ['one origin', { origin: 'https://api.example.com' }],
    ['a list', { origin: ['https://api.example.com', 'https://b.example'] }],
    ['a function', { origin: () => 'https://api.example.com' }],
    ['trustProxy', { trustProxy: true }],
  ] as const

  test.each(paths)('with %s rejects a fragment and a malformed Host', async (_, options) => {
    const host = 'api.example.com'
    const url = `https://${host}/token`
    expect(await ask(options, { url, host })).toBe(200)
    expect(await ask(options, { url: `${url}#`, host })).toBe(400)
    expect(await ask(options, { url: `${url}#?client_secret=x`, host })).toBe(400)
    for (const bad of [`${host}/x`, `${host}#`, `${host}?`, `u@${host}`, `${host}, ${host}`]) {
      expect([bad, await ask(options, { url, host: bad })]).toEqual([bad, 400])
      expect([bad, await ask(options, { url: `https://${bad}/token`, host: bad })]).toEqual([
        bad,
        400,
      ])
    }
  })

  test('rejects a target in absolute-form that names another one of its origins', async () => {
    const origin = ['https://api.example.com', 'https://b.example']
    const request = { url: 'https://b.example/token', host: 'api.example.com' }
    expect(await ask({ origin }, request)).toBe(400)
    expect(await ask({ trustProxy: true }, request)).toBe(400)
  })
})
