import { createMac, getMac, MacError } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a?b=1'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
const greet = (request: Request) => new Response(`hello ${getMac(request)?.user}`)

describe('the mode required', () => {
  const app = mac.withMac(greet)

  test('accepts a signed request once, and rejects its copy', async () => {
    const request = signed(ada, URL)
    const copy = new Request(request)
    expect(await (await app(request)).text()).toBe('hello ada')
    expect(await outcome(app(copy))).toBe('401 ERR_MAC_REPLAY')
  })

  test('is the default, and the handler is not called for an unsigned request', async () => {
    let calls = 0
    const count = () => {
      calls++
      return new Response()
    }
    expect(await outcome(mac.withMac(count)(new Request(URL)))).toBe('401 ERR_MAC_MISSING')
    const named = mac.withMac(count, { mode: 'required' })
    expect(await outcome(named(new Request(URL)))).toBe('401 ERR_MAC_MISSING')
    expect(await outcome(named(signed(ada, URL, { mac: 'AAAA' })))).toBe('401 ERR_MAC_REJECTED')
    expect(calls).toBe(0)
  })

  test('rejects a request if anything that the MAC covers was changed', async () => {
    const other = {
      method: signed(ada, URL, { method: 'POST' }).headers,
      target: signed(ada, URL, { target: '/a?b=2' }).headers,
      host: signed(ada, URL, { host: 'example.org' }).headers,
      port: signed(ada, URL, { port: '8080' }).headers,
    }
    for (const headers of Object.values(other)) {
      expect(await outcome(app(new Request(URL, { headers })))).toBe('401 ERR_MAC_REJECTED')
    }
    const authorization = signed(ada, URL, { ext: 'a' }).headers.get('authorization') ?? ''
    const headers = { authorization: authorization.replace('ext="a"', 'ext="b"') }
    expect(await outcome(app(new Request(URL, { headers })))).toBe('401 ERR_MAC_REJECTED')
    expect(await outcome(app(signed(ada, URL, { ext: 'a' })))).toBe('200')
  })
})

describe('the mode optional', () => {
  const app = mac.withMac(greet, { mode: 'optional' })

  test('calls the handler for anonymous and for signed requests', async () => {
    expect(await (await app(new Request(URL))).text()).toBe('hello undefined')
    expect(await (await app(signed(ada, URL))).text()).toBe('hello ada')
  })

  test('treats a caller whose credentials fail as anonymous', async () => {
    const wrong = signed(ada, URL, { mac: 'AAAA' })
    expect(await (await app(wrong)).text()).toBe('hello undefined')
  })

  test('answers 503 if the credentials could not be checked', async () => {
    const broken = createMac({ database: 'sqlite:/dev/null/mac.db', onReject: () => {} })
    const failing = broken.withMac(greet, { mode: 'optional' })
    expect(await outcome(failing(signed(ada, URL)))).toBe('503 ERR_MAC_STORE')
    expect(await outcome(failing(new Request(URL)))).toBe('200')
  })
})

describe('the wrapped handler', () => {
  test('may take an object with a request', async () => {
    const app = mac.withMac(({ request, name }: { request: Request; name: string }) => {
      return new Response(`${name}: ${getMac(request)?.user}`)
    })
    const event = { request: signed(ada, URL), name: 'event' }
    expect(await (await app(event)).text()).toBe('event: ada')
    expect(await outcome(app({ request: new Request(URL), name: '' }))).toBe('401 ERR_MAC_MISSING')
  })

  test('may be an object with fetch, which keeps its this', async () => {
    class App {
      readonly #name = 'the app'
      fetch(request: Request): Response {
        return new Response(`${this.#name}: ${getMac(request)?.user}`)
      }
    }
    const answer = await mac.withMac(new App())(signed(ada, URL))
    expect(await answer.text()).toBe('the app: ada')
  })

  test('is called with all its arguments, unchanged', async () => {
    const seen: unknown[] = []
    const app = mac.withMac((request: Request, ...rest: unknown[]) => {
      seen.push(request, ...rest)
      return new Response()
    })
    const request = signed(ada, URL)
    const env = { name: 'env' }
    await app(request, env, 2, undefined)
    expect(seen).toHaveLength(4)
    expect(seen[0]).toBe(request)
    expect(seen[1]).toBe(env)
    expect(seen.slice(2)).toEqual([2, undefined])
    const fetch = { fetch: (_: Request, ...rest: unknown[]) => new Response(rest.join(' ')) }
    expect(await (await mac.withMac(fetch)(signed(ada, URL), 1, 2)).text()).toBe('1 2')
  })

  test('rejects when it is called without a Request', async () => {
    const app = mac.withMac(greet) as (first?: unknown) => Promise<Response>
    // The last two are the event of h3, and the argument of SvelteKit's handle.
    const [h3, sveltekit] = [{ req: signed(ada, URL) }, { event: { request: signed(ada, URL) } }]
    const others = [undefined, null, {}, 'http://example.com/', { request: {} }]
    for (const first of [...others, h3, sveltekit]) {
      const error = await app(first).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toMatch(/without a Request.*call verify.*fromWebHandler/)
    }
  })
})

test('verify returns a verdict, and records the nonce', async () => {
  const request = signed(ada, URL)
  const first = await mac.verify(request)
  expect(first.ok && first.identity.user).toBe('ada')
  const second = await mac.verify(request)
  expect(!second.ok && second.error).toBeInstanceOf(MacError)
  expect(!second.ok && second.error.code).toBe('ERR_MAC_REPLAY')
})

test('a request whose header fields cannot be read is rejected', async () => {
  const unreadable = {
    url: 'http://example.com/',
    method: 'GET',
    get headers(): Headers {
      throw new TypeError('Invalid header name')
    },
  }
  const mac = createMac({ database: 'sqlite::memory:' })
  const app = mac.withMac(() => new Response(), { allowPreflight: true })
  const answer = await app(unreadable as unknown as Request)
  expect(answer.status).toBe(401)
  expect(((await answer.json()) as { code: string }).code).toBe('ERR_MAC_HEADER_SYNTAX')
})
