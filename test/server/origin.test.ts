import { createMac, type OriginOption } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
const ada = await mac.createCredential('ada')

/** @returns The outcome for a request that was signed for one URL and arrives with another. */
function arrive(origin: OriginOption | undefined, signed: string, url: string, host?: string) {
  const headers = new Headers({ authorization: authorization(ada, signed) })
  if (host !== undefined) headers.set('host', host)
  return outcome(mac.withMac(() => new Response(), { origin })(new Request(url, { headers })))
}

const PUBLIC = 'https://api.example.com'
const INSIDE = 'http://10.0.0.5:3000/a?b=1'

test('without the option, the URL of the request is used', async () => {
  expect(await arrive(undefined, INSIDE, INSIDE)).toBe('200')
  expect(await arrive(undefined, INSIDE, INSIDE, '10.0.0.5:3000')).toBe('200')
  expect(await arrive(undefined, `${PUBLIC}/a?b=1`, INSIDE)).toBe('401 ERR_MAC_REJECTED')
})

test('without the option, a request whose Host header contradicts its URL is rejected', async () => {
  expect(await arrive(undefined, INSIDE, INSIDE, 'example.com')).toBe('401 ERR_MAC_HOST')
  const other = 'http://example.com/a?b=1'
  expect(await arrive(undefined, other, INSIDE, 'example.com')).toBe('401 ERR_MAC_HOST')
})

describe('one origin', () => {
  test('is used for the MAC, whatever URL and Host the request has', async () => {
    expect(await arrive(PUBLIC, `${PUBLIC}/a?b=1`, INSIDE)).toBe('200')
    expect(await arrive(PUBLIC, `${PUBLIC}/a?b=1`, INSIDE, 'else.example')).toBe('200')
    expect(await arrive(PUBLIC, INSIDE, INSIDE)).toBe('401 ERR_MAC_REJECTED')
  })

  test('sets host and port, and the target comes from the request', async () => {
    expect(await arrive(`${PUBLIC}:8443`, `${PUBLIC}:8443/a?b=1`, INSIDE)).toBe('200')
    expect(await arrive(`${PUBLIC}:8443`, `${PUBLIC}/a?b=1`, INSIDE)).toBe('401 ERR_MAC_REJECTED')
    expect(await arrive(PUBLIC, `${PUBLIC}/a?b=2`, INSIDE)).toBe('401 ERR_MAC_REJECTED')
  })
})

describe('several origins', () => {
  const both = [PUBLIC, 'https://api.example.org', 'http://api.example.org']

  test('are chosen by the Host header', async () => {
    expect(await arrive(both, `${PUBLIC}/a?b=1`, INSIDE, 'api.example.com')).toBe('200')
    const org = 'http://api.example.org/a?b=1'
    expect(await arrive(both, org, org)).toBe('200')
    expect(await arrive(both, `${PUBLIC}/a?b=1`, org)).toBe('401 ERR_MAC_REJECTED')
  })

  test('that differ only in their scheme are chosen by the scheme of the request', async () => {
    const same = ['https://api.example.org:444', 'http://api.example.org:444']
    expect(await arrive(same, `${same[0]}/a`, `${same[0]}/a`)).toBe('200')
    expect(await arrive(same, `${same[1]}/a`, `${same[1]}/a`)).toBe('200')
  })

  test('reject a request for another origin', async () => {
    expect(await arrive(both, INSIDE, INSIDE)).toBe('401 ERR_MAC_ORIGIN')
    expect(await arrive(both, `${PUBLIC}/a`, INSIDE, 'evil.example')).toBe('401 ERR_MAC_ORIGIN')
  })
})

describe('an origin function', () => {
  test('is called with the request, and its result is used for the MAC', async () => {
    const seen: string[] = []
    const origin = (request: Request) => {
      seen.push(request.url)
      return PUBLIC
    }
    expect(await arrive(origin, `${PUBLIC}/a?b=1`, INSIDE)).toBe('200')
    expect(seen).toEqual([INSIDE])
  })

  test('rejects a request with null', async () => {
    expect(await arrive(() => null, INSIDE, INSIDE)).toBe('401 ERR_MAC_ORIGIN')
  })

  test.each([
    ['throws', () => JSON.parse('{')],
    ['returns a string that is not an origin', () => 'api.example.com'],
    ['returns nothing', () => undefined as unknown as null],
    ['returns a promise', () => Promise.resolve(PUBLIC) as unknown as string],
  ])('that %s makes the answer a 503', async (_, origin) => {
    expect(await arrive(origin, `${PUBLIC}/a?b=1`, INSIDE)).toBe('503 ERR_MAC_CALLBACK')
  })
})

test('the origin of createMac is used if a handler has none of its own', async () => {
  const pinned = createMac({ database: 'sqlite::memory:', origin: PUBLIC })
  const eve = await pinned.createCredential('eve')
  const request = () =>
    new Request(INSIDE, { headers: { authorization: authorization(eve, `${PUBLIC}/a?b=1`) } })
  const handler = () => new Response()
  expect(await outcome(pinned.withMac(handler)(request()))).toBe('200')
  const own = pinned.withMac(handler, { origin: 'https://api.example.org' })
  expect(await outcome(own(request()))).toBe('401 ERR_MAC_REJECTED')
  expect((await pinned.verify(request())).ok).toBe(true)
})
