import { createMac, type MacOptions } from '../../src/index.ts'
import { limited } from '../support/limited.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

const THREE = { rateLimit: { failures: { requests: 3, seconds: 60 } } } satisfies MacOptions
const STRANGER = { id: 'nobody', key: 'guessed' }
const FLOODER = '192.0.2.66'
const OTHER = '192.0.2.7'
const LIMITED = '429 ERR_MAC_FAILURES_LIMITED'

/** Starts a server, and exhausts the address FLOODER. */
async function flooded(options: MacOptions = {}) {
  const server = limited({ ...THREE, ...options })
  const ada = await server.mac.createCredential('ada')
  for (let sent = 0; sent < 3; sent++) {
    expect(await server.send(STRANGER, FLOODER)).toBe('401 ERR_MAC_REJECTED')
  }
  return { ...server, ada }
}

describe('an address with too many rejected requests', () => {
  test('gets a 429, also for a valid request', async () => {
    const { send, ada, rejections } = await flooded()
    expect(await send(STRANGER, FLOODER)).toBe(LIMITED)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
    expect(rejections.at(-1)?.message).toContain('"192.0.2.66"')
  })

  test('does not lock out another address', async () => {
    const { send, ada } = await flooded()
    expect(await send(STRANGER, FLOODER)).toBe(LIMITED)
    expect(await send(ada, OTHER)).toBe('200')
    expect(await send(STRANGER, OTHER)).toBe('401 ERR_MAC_REJECTED')
  })

  test('does not lock out a credential that has signed from it before', async () => {
    const server = limited(THREE)
    const ada = await server.mac.createCredential('ada')
    expect(await server.send(ada, FLOODER)).toBe('200')
    for (let sent = 0; sent < 10; sent++) await server.send({ ...ada, key: 'guessed' }, FLOODER)
    expect(await server.send({ ...ada, key: 'guessed' }, FLOODER)).toBe(LIMITED)
    expect(await server.send(ada, FLOODER)).toBe('200')
  })

  /** A credential that has signed and was then rotated. Afterwards its address is exhausted. */
  async function rotatedInFlood() {
    const { mac, send } = limited(THREE)
    const ada = await mac.createCredential('ada')
    expect(await send(ada, FLOODER)).toBe('200')
    const rotated = await mac.rotateCredential(ada.id)
    for (let sent = 0; sent < 3; sent++) await send(STRANGER, FLOODER)
    return { send, ada, rotated }
  }

  test('locks out the new key of a rotation, until it has signed from another address', async () => {
    const { send, rotated } = await rotatedInFlood()
    expect(await send(rotated, FLOODER)).toBe(LIMITED)
    expect(await send(rotated, OTHER)).toBe('200')
    expect(await send(rotated, FLOODER)).toBe('200')
  })

  test('does not lock out the new key if the old key has signed since the rotation', async () => {
    const { send, ada, rotated } = await rotatedInFlood()
    expect(await send(ada, FLOODER)).toBe('200')
    expect(await send(rotated, FLOODER)).toBe('200')
  })

  test('is accepted again when the window is over', async () => {
    using time = systemTime()
    const { send, ada } = await flooded()
    time.advance(59)
    expect(await send(ada, FLOODER)).toBe(LIMITED)
    time.advance(1)
    expect(await send(STRANGER, FLOODER)).toBe('401 ERR_MAC_REJECTED')
    expect(await send(ada, FLOODER)).toBe('200')
  })

  test('gets Retry-After and the fields of the policy', async () => {
    using time = systemTime()
    const { answer } = await flooded()
    time.advance(0.5)
    const { status, headers } = await answer(STRANGER, FLOODER)
    expect(status).toBe(429)
    expect(headers.get('retry-after')).toBe('60')
    expect(headers.get('ratelimit-policy')).toBe('"failures";q=3;w=60')
    expect(headers.get('ratelimit')).toBe('"failures";r=0;t=60')
    expect(headers.get('www-authenticate')).toBe(null)
  })

  test('causes no query and no write', async () => {
    const { send, ada, mac } = await flooded()
    // Any query would fail now, because the database is closed.
    await mac.close()
    expect(await send(STRANGER, FLOODER)).toBe(LIMITED)
    expect(await send({ ...ada, key: 'guessed' }, FLOODER)).toBe(LIMITED)
    expect(await send(STRANGER, OTHER)).toBe('503 ERR_MAC_CLOSED')
  })

  test('gets a 429 in the mode optional too', async () => {
    const { mac } = await flooded()
    const app = mac.withMac((_request: Request, _from: string) => new Response(), {
      mode: 'optional',
    })
    const request = signed(STRANGER, 'http://example.com/a')
    expect(await outcome(app(request.clone(), FLOODER))).toBe(LIMITED)
    expect(await outcome(app(request, OTHER))).toBe('200')
    expect(await outcome(app(new Request('http://example.com/a'), FLOODER))).toBe('200')
  })
})

describe('the counter of an address counts', () => {
  test.each([
    ['a wrong MAC', { mac: 'AAAA' }],
    ['a stale timestamp', { ts: 1_500_000_000 }],
    ['a malformed parameter', { ts: '01' }],
  ] as const)('%s', async (_, signing) => {
    const server = limited(THREE)
    const ada = await server.mac.createCredential('ada')
    for (let sent = 0; sent < 3; sent++) {
      expect(await server.send(ada, FLOODER, signing)).toMatch(/^401/)
    }
    expect(await server.send(STRANGER, FLOODER)).toBe(LIMITED)
  })

  test('a replay', async () => {
    const server = limited(THREE)
    const ada = await server.mac.createCredential('ada')
    const nonce = { ts: Math.floor(Date.now() / 1000), nonce: 'once' }
    expect(await server.send(ada, OTHER, nonce)).toBe('200')
    for (let sent = 0; sent < 3; sent++) {
      expect(await server.send(ada, FLOODER, nonce)).toBe('401 ERR_MAC_REPLAY')
    }
    expect(await server.send(ada, FLOODER, nonce)).toBe(LIMITED)
  })

  test('no request without credentials', async () => {
    const { mac } = limited(THREE)
    const app = mac.withMac((_request: Request, _from: string) => new Response())
    for (let sent = 0; sent < 5; sent++) {
      const answer = app(new Request('http://example.com/a'), FLOODER)
      expect(await outcome(answer)).toBe('401 ERR_MAC_MISSING')
    }
  })

  test('no request for which the server itself fails', async () => {
    const server = limited({ ...THREE, ext: () => JSON.parse('{') })
    const ada = await server.mac.createCredential('ada')
    for (let sent = 0; sent < 5; sent++) {
      expect(await server.send(ada, FLOODER)).toBe('503 ERR_MAC_CALLBACK')
    }
  })
})

test('each IPv4 address has its own count, and each IPv6 network of 64 bits', async () => {
  const { send } = limited(THREE)
  for (const last of [1, 2, 3]) await send(STRANGER, `2001:db8:0:1::${last}`)
  expect(await send(STRANGER, '2001:db8:0:1::4')).toBe(LIMITED)
  expect(await send(STRANGER, '2001:db8:0:2::1')).toBe('401 ERR_MAC_REJECTED')
})

describe('a client whose address is not known', () => {
  test('is not limited, and the operator gets one warning', async () => {
    const log = spyOn(console, 'error').mockImplementation(() => {})
    try {
      const { send } = limited(THREE)
      for (let sent = 0; sent < 6; sent++) {
        expect(await send(STRANGER)).toBe('401 ERR_MAC_REJECTED')
        expect(await send(STRANGER, 'unknown')).toBe('401 ERR_MAC_REJECTED')
      }
      expect(log.mock.calls.map(([text]) => text)).toEqual([
        expect.stringContaining('clientAddress'),
      ])
    } finally {
      log.mockRestore()
    }
  })

  test('because clientAddress fails gets a 503, if its credential is not cached', async () => {
    const { send } = limited({ ...THREE, clientAddress: () => JSON.parse('{') })
    expect(await send(STRANGER)).toBe('503 ERR_MAC_CALLBACK')
  })
})

describe('mac.verify', () => {
  const request = () => signed(STRANGER, 'http://example.com/a')

  test('limits by the address that its caller passes', async () => {
    const mac = createMac({ database: 'sqlite::memory:', ...THREE })
    const codes: unknown[] = []
    for (let sent = 0; sent < 4; sent++) {
      const verdict = await mac.verify(request(), { clientAddress: '[2001:db8::1]:80' })
      if (!verdict.ok) codes.push(verdict.error.code, verdict.retryAfterSeconds !== null)
    }
    const failed = ['ERR_MAC_UNKNOWN_IDENTIFIER', false]
    expect(codes).toEqual([...failed, ...failed, ...failed, 'ERR_MAC_FAILURES_LIMITED', true])
  })

  test.each([
    ['clientAddress: must be a string', { clientAddress: 7 }],
    ['clientAddress: must be a string', { clientAddress: null }],
    ['there is no option clientAdress: did you mean clientAddress?', { clientAdress: OTHER }],
    ['must be an object', null],
    ['must be an object', 5],
    ['must be an object', OTHER],
    ['must be an object', [OTHER]],
  ] as const)('throws for options that are not valid: %s, %j', async (fault, options) => {
    for (const mac of [
      createMac({ database: 'sqlite::memory:', ...THREE }),
      createMac({ database: 'sqlite::memory:' }),
    ]) {
      const verdict = mac.verify(request(), options as object)
      await expect(verdict).rejects.toThrow(TypeError)
      await expect(verdict).rejects.toThrow(`withmac: wrong options for verify: ${fault}`)
    }
  })

  test('accepts options without a clientAddress', async () => {
    const mac = createMac({ database: 'sqlite::memory:' })
    for (const options of [undefined, {}, { clientAddress: undefined }]) {
      expect((await mac.verify(request(), options)).ok).toBe(false)
    }
  })
})
