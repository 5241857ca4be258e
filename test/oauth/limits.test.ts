import { setImmediate } from 'node:timers/promises'
import type { MacOptions } from '../../src/index.ts'
import { createTokenEndpoint } from '../../src/oauth/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, SHOP, testEndpoint, tokenRequest } from './endpoint.ts'

const PLAIN = { client_id: 'plain', client_secret: 'plain-secret' } as const

describe('a client', () => {
  test('gets at most issueLimit credentials, and other clients still get theirs', async () => {
    const { endpoint, mac, refused } = testEndpoint({ issueLimit: { requests: 3, seconds: 60 } })
    const shop = () => answerOf(endpoint(tokenRequest({ ...GRANT, ...SHOP })))
    for (let count = 0; count < 3; count++) expect((await shop()).status).toBe(200)
    const { status, headers, json } = await shop()
    expect([status, json.error]).toEqual([429, 'temporarily_unavailable'])
    const seconds = Number(headers.get('retry-after'))
    expect(seconds >= 1 && seconds <= 60).toBe(true)
    expect(headers.get('ratelimit-policy')).toBe('"credentials";q=3;w=60')
    expect(headers.get('ratelimit')).toBe(`"credentials";r=0;t=${seconds}`)
    expect(refused).toEqual([expect.objectContaining({ status: 429, clientId: 'shop' })])
    expect((await answerOf(endpoint(tokenRequest({ ...GRANT, ...PLAIN })))).status).toBe(200)
    expect(await mac.listCredentials()).toHaveLength(4)
  })

  test('does not lose its credentials to requests with a wrong secret or a forbidden scope', async () => {
    const { endpoint } = testEndpoint({ issueLimit: { requests: 1, seconds: 60 } })
    const ask = async (form: object) =>
      (await endpoint(tokenRequest({ ...GRANT, ...SHOP, ...form }))).status
    for (let count = 0; count < 5; count++) {
      expect(await ask({ client_secret: 'guess' })).toBe(401)
      expect(await ask({ scope: 'unknown' })).toBe(400)
    }
    expect([await ask({}), await ask({})]).toEqual([200, 429])
  })

  test('gets no more credentials at several token endpoints of one Mac', async () => {
    const { mac } = testEndpoint()
    const endpoints = [1, 2, 3, 4].map(() =>
      createTokenEndpoint(mac, {
        authenticateClient: () => ({ user: 'ada' }),
        issueLimit: { requests: 3, seconds: 60 },
      }),
    )
    const statuses: number[] = []
    for (const endpoint of endpoints) {
      statuses.push((await endpoint(tokenRequest({ ...GRANT, ...SHOP }))).status)
    }
    expect(statuses).toEqual([200, 200, 200, 429])
  })

  test('gets any number of credentials without an issueLimit', async () => {
    const { endpoint } = testEndpoint({ issueLimit: null })
    for (let count = 0; count < 301; count++) {
      expect((await endpoint(tokenRequest({ ...GRANT, ...SHOP }))).status).toBe(200)
    }
  })
})

describe('an address that guesses secrets', () => {
  const limited: MacOptions = {
    rateLimit: { failures: { requests: 3, seconds: 60 } },
    clientAddress: (request: Request) => request.headers.get('x-test-address') ?? undefined,
  }
  const from = (address: string, secret: string) =>
    tokenRequest(GRANT, { ...basic(`shop:${secret}`), 'x-test-address': address })

  test('gets a 429 without a check of its guess, and other addresses still get credentials', async () => {
    let looked = 0
    const authenticateClient = ({ clientSecret }: { readonly clientSecret: string }) => {
      looked++
      return clientSecret === 'shop-secret' ? { user: 'ada' } : null
    }
    const { endpoint, refused } = testEndpoint({ authenticateClient }, limited)
    const status = async (address: string, secret: string) =>
      (await answerOf(endpoint(from(address, secret)))).status
    for (let count = 0; count < 3; count++) expect(await status('203.0.113.9', 'guess')).toBe(401)
    expect(looked).toBe(3)
    const exhausted = await answerOf(endpoint(from('203.0.113.9', 'guess')))
    const { headers, json } = exhausted
    expect([exhausted.status, json.error]).toEqual([429, 'temporarily_unavailable'])
    expect(json.error_description).not.toContain('203.0.113.9')
    expect(Number(headers.get('retry-after')) > 0).toBe(true)
    expect(headers.get('ratelimit-policy')).toBe('"failures";q=3;w=60')
    expect(refused.at(-1)).toMatchObject({ status: 429, clientId: 'shop' })
    expect(await status('203.0.113.9', 'shop-secret')).toBe(429)
    expect(looked).toBe(3)
    expect(await status('198.51.100.7', 'shop-secret')).toBe(200)
  })

  test('has no more guesses checked if it sends all of them at once', async () => {
    let looked = 0
    let atOnce = 0
    let most = 0
    const authenticateClient = async ({ clientSecret }: { readonly clientSecret: string }) => {
      looked++
      most = Math.max(most, ++atOnce)
      await setImmediate()
      atOnce--
      return clientSecret === 'shop-secret' ? { user: 'ada' } : null
    }
    const failures = { requests: 5, seconds: 60 }
    const { endpoint } = testEndpoint(
      { authenticateClient },
      { ...limited, rateLimit: { failures } },
    )
    const statuses = async (address: string, secret: string, count: number) => {
      const asked = Array.from({ length: count }, () => endpoint(from(address, secret)))
      return (await Promise.all(asked)).map(({ status }) => status)
    }
    const guesses = await statuses('203.0.113.9', 'guess', 200)
    expect([looked, most]).toEqual([5, 5])
    expect(guesses.filter((status) => status === 401)).toHaveLength(5)
    expect(guesses.filter((status) => status === 429)).toHaveLength(195)
    looked = 0
    expect((await statuses('192.0.2.1', 'guess', 3)).every((status) => status === 401)).toBe(true)
    await statuses('192.0.2.1', 'guess', 200)
    expect(looked).toBe(5)
  })

  test('has no more guesses checked if it sends them to several token endpoints of one Mac at once', async () => {
    let looked = 0
    let atOnce = 0
    let most = 0
    const authenticateClient = async () => {
      looked++
      most = Math.max(most, ++atOnce)
      await setImmediate()
      atOnce--
      return null
    }
    const failures = { requests: 5, seconds: 60 }
    const { mac } = testEndpoint({}, { ...limited, rateLimit: { failures } })
    const endpoints = [1, 2, 3, 4].map(() => createTokenEndpoint(mac, { authenticateClient }))
    const asked = endpoints.flatMap((endpoint) =>
      Array.from({ length: 50 }, () => endpoint(from('203.0.113.9', 'guess'))),
    )
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect([looked, most]).toEqual([5, 5])
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(195)
  })

  /** An endpoint that checks secrets only after `open` is called, except the secret `quick`. */
  function waiting(options: MacOptions = limited) {
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const authenticateClient = async ({ clientSecret }: { readonly clientSecret: string }) => {
      if (clientSecret !== 'quick') await opened
      return clientSecret === 'guess' ? null : { user: 'ada' }
    }
    const { endpoint } = testEndpoint({ authenticateClient, issueLimit: null }, options)
    return { endpoint, open }
  }

  test('gets a 429 at once while as many secrets are checked as may fail, and other addresses do not', async () => {
    const { endpoint, open } = waiting()
    const checked = [1, 2, 3].map(() => endpoint(from('203.0.113.9', 'slow')))
    const { headers, status, json } = await answerOf(endpoint(from('203.0.113.9', 'quick')))
    expect([status, json.error]).toEqual([429, 'temporarily_unavailable'])
    expect(headers.get('retry-after')).toBe('1')
    // No secret was wrong, and no limit is exhausted.
    expect(json.error_description).toBe('There are too many token requests at the same time.')
    expect(headers.get('ratelimit')).toBeNull()
    expect((await endpoint(from('198.51.100.7', 'quick'))).status).toBe(200)
    open()
    expect((await Promise.all(checked)).map(({ status }) => status)).toEqual([200, 200, 200])
    // These secrets were right, so as many as before may be checked.
    const again = [1, 2, 3].map(() => endpoint(from('203.0.113.9', 'quick')))
    expect((await Promise.all(again)).map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('has as many secrets checked at once as are left of the limit', async () => {
    const { endpoint, open } = waiting()
    const checked = [1, 2].map(() => endpoint(from('203.0.113.9', 'guess')))
    expect((await endpoint(from('203.0.113.9', 'quick'))).status).toBe(200)
    open()
    expect((await Promise.all(checked)).map(({ status }) => status)).toEqual([401, 401])
    const both = [1, 2].map(() => endpoint(from('203.0.113.9', 'quick')))
    expect((await Promise.all(both)).map(({ status }) => status).sort()).toEqual([200, 429])
  })

  test('gets a 429 while a thousand secrets of all addresses are checked', async () => {
    const { endpoint, open } = waiting()
    const checked = Array.from({ length: 1000 }, (_, at) =>
      endpoint(from(`203.0.${at >> 8}.${at & 255}`, 'slow')),
    )
    const { headers, status } = await endpoint(from('198.51.100.7', 'quick'))
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
    open()
    const statuses = (await Promise.all(checked)).map((answer) => answer.status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await endpoint(from('198.51.100.7', 'quick'))).status).toBe(200)
  })

  test('gets a 400 if a proxy names two addresses, and onError is not called', async () => {
    const failures = { requests: 3, seconds: 60 }
    const { endpoint, failed, refused } = testEndpoint(
      {},
      { trustProxy: true, rateLimit: { failures } },
    )
    const forged = {
      ...basic('shop:shop-secret'),
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.9',
      forwarded: 'for=198.51.100.7',
    }
    for (let count = 0; count < 5; count++) {
      const { status, json } = await answerOf(endpoint(tokenRequest(GRANT, forged)))
      expect([status, json.error]).toEqual([400, 'invalid_request'])
    }
    expect([failed, refused.length]).toEqual([[], 5])
  })

  test('is found by the clientAddress of the endpoint, from all arguments of the endpoint', async () => {
    const failures = { requests: 1, seconds: 60 }
    const clientAddress = (_request: Request, real: string) => real
    const { endpoint } = testEndpoint({ clientAddress }, { ...limited, rateLimit: { failures } })
    const guess = async (shown: string, real: string) =>
      (await endpoint(from(shown, 'guess'), real)).status
    expect(await guess('203.0.113.9', '192.0.2.1')).toBe(401)
    expect(await guess('198.51.100.7', '192.0.2.1')).toBe(429)
    expect(await guess('203.0.113.9', '192.0.2.2')).toBe(401)
  })

  test('has one limit for wrong secrets and wrong MACs', async () => {
    const { endpoint, mac } = testEndpoint({}, limited)
    const app = mac.withMac(() => new Response())
    const authorization = 'MAC id="a", ts="1700000000", nonce="n", mac="YQ=="'
    const headers = { authorization, 'x-test-address': '203.0.113.9' }
    const wrongMac = async () =>
      (await app(new Request('https://api.example.com/', { headers }))).status
    expect([await wrongMac(), await wrongMac()]).toEqual([401, 401])
    expect((await endpoint(from('203.0.113.9', 'guess'))).status).toBe(401)
    expect((await endpoint(from('203.0.113.9', 'guess'))).status).toBe(429)
    expect(await wrongMac()).toBe(429)
  })

  test('does not exhaust the limit with requests that are not guesses', async () => {
    const { endpoint } = testEndpoint({}, limited)
    const headers = { 'x-test-address': '203.0.113.9' }
    for (let count = 0; count < 5; count++) {
      expect((await endpoint(tokenRequest(GRANT, headers))).status).toBe(401)
      expect((await endpoint(from('203.0.113.9', 'shop-secret'))).status).toBe(200)
    }
  })

  test('is not limited without rateLimit.failures', async () => {
    const { endpoint } = testEndpoint()
    for (let count = 0; count < 50; count++) {
      expect((await endpoint(from('203.0.113.9', 'guess'))).status).toBe(401)
    }
  })

  test('is taken from the server, and if the function clientAddress throws, nobody gets a credential', async () => {
    const failures = { requests: 1, seconds: 60 }
    const { endpoint } = testEndpoint({}, { rateLimit: { failures } })
    const server = (address: string) => ({ requestIP: () => ({ address }) })
    const guess = () => tokenRequest(GRANT, basic('shop:guess'))
    expect((await endpoint(guess(), server('203.0.113.9'))).status).toBe(401)
    expect((await endpoint(guess(), server('203.0.113.9'))).status).toBe(429)
    expect((await endpoint(guess(), server('198.51.100.7'))).status).toBe(401)
    const clientAddress = () => {
      throw new Error('no address')
    }
    const failing = testEndpoint({}, { rateLimit: { failures }, clientAddress })
    expect((await failing.endpoint(from('a', 'shop-secret'))).status).toBe(503)
    expect(failing.failed.map(({ code }) => code)).toEqual(['ERR_MAC_CALLBACK'])
  })
})
