import { createMac, type NodeRequest, type WithMacOptions } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'

const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await mac.createCredential('ada')

const SHOWN = 'http://example.com/b'

/** @returns The outcome for a request for `SHOWN`, if `requestTarget` returns `raw`. */
function arrive(raw: string | NodeRequest | undefined, signing: Signing, options?: WithMacOptions) {
  const app = mac.withMac(() => new Response(), { ...options, requestTarget: () => raw })
  const headers = { authorization: authorization(ada, SHOWN, signing) }
  return outcome(app(new Request(SHOWN, { headers })))
}

const HOST = { host: 'example.com' }

describe.each([
  ['a string', (url: string) => url],
  ["node:http's request", (url: string) => ({ url, headers: HOST })],
])('a request target given as %s', (_, raw) => {
  test('is verified instead of the URL', async () => {
    expect(await arrive(raw('/a/../b'), { target: '/a/../b' })).toBe('200')
    expect(await arrive(raw('/a/../b'), {})).toBe('401 ERR_MAC_REJECTED')
  })

  test.each([
    ['http://example.com/b'],
    ['https://example.com/b'],
    ['*'],
    ['b'],
    ['/b c'],
    [''],
    ['/b#'],
    ['/b#c'],
    ['#/b'],
  ])('is rejected if it is not a path: %j', async (url) => {
    expect(await arrive(raw(url), {})).toBe('401 ERR_MAC_TARGET')
    expect(await arrive(raw(url), { target: url })).toBe('401 ERR_MAC_TARGET')
  })
})

test('if requestTarget returns undefined, the URL is verified', async () => {
  expect(await arrive(undefined, {})).toBe('200')
})

describe("node:http's request", () => {
  const hostless: readonly [string, NodeRequest['headers']][] = [
    ['names no host', {}],
    ['has another Host than :authority', { host: 'other.example', ':authority': 'example.com' }],
    ['has another port in its Host', { host: 'example.com:81', ':authority': 'example.com' }],
  ]
  const malformed: readonly NodeRequest['headers'][] = [
    { host: 'a b', ':authority': 'example.com' },
    { host: 'example.com/b', ':authority': 'example.com' },
    { host: 'example.com', ':authority': 'example.com#' },
    { host: 'example.com/b' },
    { ':authority': 'u@example.com' },
    { host: ['example.com', 'example.com'] },
  ]
  const pinned = { origin: 'http://example.com' }
  const several = { origin: ['http://example.com', 'http://example.org'] }

  test.each(hostless)('is rejected if it %s', async (_, headers) => {
    expect(await arrive({ url: '/b', headers }, {})).toBe('401 ERR_MAC_HOST')
    expect(await arrive({ url: '/b', headers }, {}, several)).toBe('401 ERR_MAC_HOST')
  })

  test.each(hostless)('is accepted if it %s, but the origin is configured', async (_, headers) => {
    expect(await arrive({ url: '/b', headers }, {}, pinned)).toBe('200')
    expect(await arrive({ url: '/b', headers }, {}, { origin: () => pinned.origin })).toBe('200')
  })

  test.each(malformed)('is rejected if one of its hosts is malformed: %j', async (headers) => {
    const proxy = { trustProxy: true }
    for (const options of [{}, several, pinned, { origin: () => pinned.origin }, proxy]) {
      expect(await arrive({ url: '/b', headers }, {}, options)).toBe('401 ERR_MAC_HOST')
    }
  })

  test.each([
    [Object.assign(Object.create(null), { ':authority': 'example.com' })],
    [{ host: 'example.com', ':authority': 'example.com' }],
    [{ host: 'Example.com:80', ':authority': 'example.com' }],
  ])('is accepted with these header fields for its host: %j', async (headers) => {
    expect(await arrive({ url: '/b', headers }, {})).toBe('200')
    expect(await arrive({ url: '/b', headers }, {}, several)).toBe('200')
  })
})
