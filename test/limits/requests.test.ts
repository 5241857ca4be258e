import { getMac, type MacOptions } from '../../src/index.ts'
import { limited } from '../support/limited.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

const TWO = { rateLimit: { requests: { requests: 2, seconds: 60 } } } satisfies MacOptions
const LIMITED = '429 ERR_MAC_RATE_LIMITED'
const now = () => Math.floor(Date.now() / 1000)

async function server(options: MacOptions = TWO) {
  const made = limited(options)
  return { ...made, ada: await made.mac.createCredential('ada') }
}

describe('a credential that has sent too many requests', () => {
  test('gets a 429', async () => {
    const { send, ada } = await server()
    expect([await send(ada), await send(ada), await send(ada)]).toEqual(['200', '200', LIMITED])
  })

  test('does not affect other credentials, even of the same user', async () => {
    const { send, ada, mac } = await server()
    const second = await mac.createCredential('ada')
    for (let sent = 0; sent < 4; sent++) await send(ada)
    expect(await send(ada)).toBe(LIMITED)
    expect(await send(second)).toBe('200')
  })

  test('may send again when the window is over', async () => {
    using time = systemTime()
    const { send, ada } = await server()
    await send(ada)
    time.advance(40)
    await send(ada)
    time.advance(19)
    expect(await send(ada)).toBe(LIMITED)
    time.advance(1)
    expect(await send(ada)).toBe('200')
  })

  test('can send a rejected request again, because its nonce was not recorded', async () => {
    using time = systemTime()
    const { send, ada } = await server()
    await send(ada)
    await send(ada)
    const rejected = { ts: now(), nonce: 'rejected' }
    expect(await send(ada, undefined, rejected)).toBe(LIMITED)
    time.advance(60)
    expect(await send(ada, undefined, rejected)).toBe('200')
  })

  test('gets a challenge that says replay for a copy of an accepted request, and for no other', async () => {
    using time = systemTime()
    const { answer, ada } = await server()
    const challenge = async (nonce: string, key = ada.key) => {
      const sent = await answer({ ...ada, key }, undefined, { ts: now(), nonce })
      return [sent.status, sent.headers.get('www-authenticate')]
    }
    const replay = [429, 'MAC error="The nonce was used before."']
    expect([await challenge('a'), await challenge('b')]).toEqual([
      [200, null],
      [200, null],
    ])
    expect([await challenge('a'), await challenge('b')]).toEqual([replay, replay])
    expect([await challenge('c'), await challenge('c')]).toEqual([
      [429, null],
      [429, null],
    ])
    expect(await challenge('a', 'guessed')).not.toContain(replay[1])
    time.advance(60)
    expect(await challenge('c')).toEqual([200, null])
  })

  test('gets no such challenge for a request that exceeded the limit only when it was counted', async () => {
    const { answer, ada } = await server({
      rateLimit: { requests: { requests: 1, seconds: 60 } },
    })
    // Copies have the same timestamp, also if a second ends between them.
    const ts = now()
    const send = (nonce: string) => answer(ada, undefined, { ts, nonce })
    const atOnce = await Promise.all([send('a'), send('b')])
    expect(atOnce.map(({ status }) => status)).toEqual([200, 429])
    expect((await send('a')).headers.has('www-authenticate')).toBe(true)
    expect((await send('b')).headers.has('www-authenticate')).toBe(false)
  })

  test('is never accepted more often than its limit, however many requests come at once', async () => {
    const { send, ada } = await server({ rateLimit: { requests: { requests: 5, seconds: 60 } } })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => send(ada)))
    expect(outcomes.filter((became) => became === '200')).toHaveLength(5)
    expect(outcomes.filter((became) => became === LIMITED)).toHaveLength(15)
  })

  test('is rejected without reading the body', async () => {
    const { mac, ada } = await server()
    const app = mac.withMac(() => new Response(), { body: 'required' })
    const mac2 = mac.withMac(() => new Response())
    for (let sent = 0; sent < 2; sent++) await mac2(signed(ada, 'http://example.com/a'))
    const untouched = new ReadableStream(
      {
        pull() {
          throw new Error('was read')
        },
      },
      { highWaterMark: 0 },
    )
    const { headers } = signed(ada, 'http://example.com/a', { method: 'POST' })
    const init = { method: 'POST', headers, body: untouched, duplex: 'half' } as RequestInit
    expect(await outcome(app(new Request('http://example.com/a', init)))).toBe(LIMITED)
  })

  test('gets a 429 in the mode optional too', async () => {
    const { mac, send, ada } = await server()
    await send(ada)
    await send(ada)
    const app = mac.withMac(() => new Response(), { mode: 'optional' })
    expect(await outcome(app(signed(ada, 'http://example.com/a')))).toBe(LIMITED)
  })
})

describe('an attacker cannot exhaust a credential:', () => {
  test('wrong MACs in its name do not count', async () => {
    const { send, ada } = await server()
    for (let sent = 0; sent < 5; sent++) {
      expect(await send({ ...ada, key: 'guessed' })).toBe('401 ERR_MAC_REJECTED')
    }
    expect([await send(ada), await send(ada), await send(ada)]).toEqual(['200', '200', LIMITED])
  })

  test('replays of its requests do not count', async () => {
    const { send, ada } = await server()
    const sent = { ts: now(), nonce: 'captured' }
    expect(await send(ada, undefined, sent)).toBe('200')
    for (let copy = 0; copy < 5; copy++) {
      expect(await send(ada, undefined, sent)).toBe('401 ERR_MAC_REPLAY')
    }
    expect([await send(ada), await send(ada)]).toEqual(['200', LIMITED])
  })

  test('its requests with a stale timestamp do not count', async () => {
    const { send, ada } = await server()
    for (let sent = 0; sent < 5; sent++) {
      expect(await send(ada, undefined, { ts: now() - 1000 })).toMatch(/STALE/)
    }
    expect(await send(ada)).toBe('200')
  })
})

describe('a limit of the credential’s own', () => {
  const own = { rateLimit: { requests: 1, seconds: 30 } }

  test('replaces the general limit', async () => {
    const { mac, answer } = await server()
    const bob = await mac.createCredential('bob', own)
    const { status, headers } = await answer(bob)
    expect([status, headers.get('ratelimit-policy')]).toEqual([200, '"requests";q=1;w=30'])
    expect((await answer(bob)).status).toBe(429)
  })

  test('applies even if there is no general limit', async () => {
    const { mac, send, ada } = await server({})
    const bob = await mac.createCredential('bob', own)
    expect([await send(bob), await send(bob)]).toEqual(['200', LIMITED])
    for (let sent = 0; sent < 5; sent++) expect(await send(ada)).toBe('200')
  })

  test('that is raised applies within a second, and so does a revocation', async () => {
    using time = systemTime()
    const { mac, send } = await server({})
    const bob = await mac.createCredential('bob', own)
    expect([await send(bob), await send(bob)]).toEqual(['200', LIMITED])
    await mac.updateCredential(bob.id, { rateLimit: { requests: 2, seconds: 30 } })
    time.advance(1)
    expect([await send(bob), await send(bob)]).toEqual(['200', LIMITED])
    await mac.revokeCredential(bob.id)
    time.advance(1)
    expect(await send(bob)).toBe('401 ERR_MAC_REJECTED')
  })
})

describe('the header fields', () => {
  test('say on each response how many requests are left', async () => {
    using time = systemTime()
    const { answer, ada } = await server()
    const fields = async () => {
      const { headers } = await answer(ada)
      return ['ratelimit-policy', 'ratelimit', 'retry-after'].map((name) => headers.get(name))
    }
    const policy = '"requests";q=2;w=60'
    expect(await fields()).toEqual([policy, '"requests";r=1;t=60', null])
    time.advance(10)
    expect(await fields()).toEqual([policy, '"requests";r=0;t=50', null])
    time.advance(0.2)
    expect(await fields()).toEqual([policy, '"requests";r=0;t=50', '50'])
  })

  test('are on a 403 too, and in the verdict of mac.verify', async () => {
    using _time = systemTime()
    const { mac, ada } = await server()
    const app = mac.withMac(() => new Response(), { scope: 'a' })
    const answer = await app(signed(ada, 'http://example.com/a'))
    expect([answer.status, answer.headers.get('ratelimit')]).toEqual([403, '"requests";r=1;t=60'])
    const verdict = await mac.verify(signed(ada, 'http://example.com/a'))
    expect(verdict.rateLimit?.['RateLimit-Policy']).toBe('"requests";q=2;w=60')
  })

  test('are not added if there is no limit, and the handler’s response is returned itself', async () => {
    const { mac, ada } = await server({})
    const own = new Response(null)
    expect(await mac.withMac(() => own)(signed(ada, 'http://example.com/a'))).toBe(own)
    expect(own.headers.get('ratelimit')).toBe(null)
  })

  test('do not change undefined, which Bun expects after an upgrade', async () => {
    const { mac, ada } = await server()
    const app = mac.withMac((request) => {
      expect(getMac(request)?.user).toBe('ada')
      return undefined as unknown as Response
    })
    expect(await app(signed(ada, 'http://example.com/a'))).toBe(undefined as never)
  })
})
