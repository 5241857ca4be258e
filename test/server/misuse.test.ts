import { createMac, type MacOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, signed } from '../support/sign.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const SITE = 'http://example.com/a'

async function start(options: MacOptions = {}) {
  const mac = createMac({ database: 'sqlite::memory:', ...options })
  await mac.createCredential('ada', { ...KEY, expires: null })
  return mac
}

/** @returns What a server shows of a request whose URL `new Request` refuses. */
function shown(url: string, header: string): Request {
  const headers = new Headers({ authorization: header })
  return { url, method: 'GET', headers } as unknown as Request
}

async function code(answer: Promise<Response>): Promise<string> {
  const response = await answer
  return response.status === 200 ? '200' : `${response.status} ${(await response.json()).code}`
}

test.each([['http://x:99999/a'], ['http://a@b/a'], ['/a'], ['http:///a']])(
  'a request with a malformed URL is rejected even if the origin is configured: %s',
  async (url) => {
    const header = () => authorization(KEY, 'https://api.example.com/a')
    for (const origin of ['https://api.example.com', () => 'https://api.example.com']) {
      const mac = await start({ origin })
      const app = mac.withMac((request) => new Response(new URL(request.url).pathname))
      expect(await code(app(shown(url, header())))).toBe('401 ERR_MAC_HOST')
      expect(await code(app(shown('http://inner:3000/a', header())))).toBe('200')
    }
  },
)

test('a clock that ran ahead during a cleanup locks nobody out, and no replay is accepted', async () => {
  const clock = new Clock()
  const mac = await start({ now: clock.now })
  const app = mac.withMac(() => new Response())
  const first = { ts: clock.seconds, nonce: 'first' }
  expect(await code(app(signed(KEY, SITE, first)))).toBe('200')
  clock.seconds += 365 * 86_400
  expect(await mac.prune()).toBe(1)
  clock.seconds -= 365 * 86_400
  expect(await code(app(signed(KEY, SITE, first)))).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  clock.seconds += 1
  expect(await code(app(signed(KEY, SITE, { ts: clock.seconds })))).toBe('200')
})

function fail(): never {
  throw new Error('the message cannot be read')
}

describe('a function in the options causes an error', () => {
  test('if now returns milliseconds', async () => {
    const mac = createMac({ database: 'sqlite::memory:', now: Date.now })
    const made = mac.createCredential('ada')
    await expect(made).rejects.toMatchObject({ code: 'ERR_MAC_CALLBACK' })
    await expect(made).rejects.toThrow('milliseconds')
  })

  test.each([
    ['an object without a prototype', Object.create(null)],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: fail })],
  ])('if scope throws %s', async (_, thrown) => {
    const mac = await start()
    const app = mac.withMac(() => new Response(), {
      onReject: () => {},
      scope: () => {
        throw thrown
      },
    })
    expect(await code(app(signed(KEY, SITE)))).toBe('503 ERR_MAC_CALLBACK')
  })

  test('if origin or requestTarget returns a promise', async () => {
    const promise = (() => Promise.reject(new Error('late'))) as never
    const mac = await start()
    for (const options of [{ origin: promise }, { requestTarget: promise }]) {
      const app = mac.withMac(() => new Response(), { ...options, onReject: () => {} })
      expect(await code(app(signed(KEY, SITE)))).toBe('503 ERR_MAC_CALLBACK')
    }
  })

  test('if requestTarget returns neither a string nor a request of node:http', async () => {
    const mac = await start()
    for (const wrong of [
      5,
      null,
      new String('/a'),
      {},
      { url: '/a' },
      { headers: {} },
      { url: '/a', headers: null },
    ]) {
      const requestTarget = () => wrong as unknown as string
      const app = mac.withMac(() => new Response(), { requestTarget, onReject: () => {} })
      expect(await code(app(signed(KEY, SITE)))).toBe('503 ERR_MAC_CALLBACK')
    }
  })
})

test('the same origin twice is one origin', async () => {
  const mac = await start({ origin: ['https://a.com', 'https://A.com:443/', 'https://b.com'] })
  const app = mac.withMac(() => new Response())
  const header = authorization(KEY, 'https://a.com/a')
  const request = new Request('http://a.com/a', { headers: { authorization: header } })
  expect(await code(app(request))).toBe('200')
})

test('verify throws if its argument is not a request', async () => {
  const mac = await start()
  for (const wrong of [undefined, {}, 'http://example.com/']) {
    await expect(mac.verify(wrong as unknown as Request)).rejects.toBeInstanceOf(TypeError)
  }
})
