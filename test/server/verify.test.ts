import { partsOf } from '../../src/create-mac.ts'
import {
  createMac,
  getMac,
  getMacError,
  type MacOptions,
  type MacReport,
  type VerifyOptions,
} from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { wholeAnswer } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

/* `mac.verify`, for middleware: it decides as `withMac` does. */

const URL = 'http://example.com/a'
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

async function start(options: MacOptions = {}) {
  const clock = new Clock()
  const accepted: string[] = []
  const reports: MacReport[] = []
  const mac = createMac({
    ...{ database: 'sqlite::memory:', now: clock.now },
    onAccept: ({ user }) => accepted.push(user),
    onReject: (_, __, report) => reports.push(report),
    ...options,
  })
  await mac.createCredential('ada', { ...KEY, expires: null })
  const sign = (signing: Signing = {}) => signed(KEY, URL, { ts: clock.seconds, ...signing })
  /** Verifies a request. @returns The response of the rejected verdict; 200 for an accepted one. */
  const respond = async (request: Request, verifyOptions: VerifyOptions = {}) => {
    const verdict = await mac.verify(request, verifyOptions)
    return verdict.ok ? new Response() : verdict.response()
  }
  return { mac, accepted, reports, sign, respond }
}

describe('a rejected verdict has the response that withMac sends', () => {
  type Case = readonly [name: string, of: VerifyOptions & MacOptions, send: readonly Signing[]]
  const cases: readonly Case[] = [
    ['for a wrong MAC', {}, [{ mac: 'AAAA' }]],
    [
      'for an old timestamp, with the time of the server',
      {},
      [{ ts: 1_600_000_000, nonce: 'old' }],
    ],
    ['for a replay', {}, [{ nonce: 'once' }, { nonce: 'once' }]],
    ['for a missing scope, with its name', { scope: 'orders:read' }, [{}]],
    [
      'for an exhausted limit, with its fields',
      { rateLimit: { requests: { requests: 1, seconds: 60 } } },
      [{}, {}],
    ],
    ['with an explanation, by the option debug', { debug: true }, [{ nonce: 'n', port: '443' }]],
    ['with the fields of cors', { cors: '*' }, [{ mac: 'AAAA' }]],
    ['without a digest of the body', { body: 'required' }, [{}]],
  ]
  test.each(cases)('%s', async (_, { rateLimit, ...options }, signings) => {
    const answers: unknown[] = []
    for (const isVerify of [false, true]) {
      const { mac, sign, respond } = await start(rateLimit === undefined ? {} : { rateLimit })
      const app = mac.withMac(() => new Response(), options as object)
      const send = (request: Request) => (isVerify ? respond(request, options) : app(request))
      const requests = signings.map(sign)
      for (const request of requests.slice(0, -1)) expect((await send(request)).status).toBe(200)
      answers.push(await wholeAnswer(send(requests.at(-1) as Request)))
      await mac.close()
    }
    expect((answers[0] as { status: number }).status).toBeGreaterThan(400)
    expect(answers[1]).toEqual(answers[0])
  })

  test('for a request without credentials', async () => {
    const { mac, respond } = await start()
    const byWithMac = await wholeAnswer(mac.withMac(() => new Response())(new Request(URL)))
    expect(await wholeAnswer(respond(new Request(URL)))).toEqual(byWithMac)
  })
})

test('a rejected verdict that a framework sends as JSON says only what the client may learn', async () => {
  const { mac, sign } = await start()
  const sent = async (request: Request) => JSON.stringify(await mac.verify(request))
  const wrongMac = await sent(sign({ mac: 'AAAA' }))
  expect(JSON.parse(wrongMac)).toEqual({
    ...{ ok: false, code: 'ERR_MAC_REJECTED' },
    hint: expect.stringContaining('verdict.response()'),
  })
  expect(await sent(signed({ ...KEY, id: 'nobody' }, URL))).toBe(wrongMac)
})

test('a rejection is reported once, with the reference that each response carries', async () => {
  const { mac, sign, reports } = await start()
  const { rejections } = partsOf(mac)
  rejections.watch()
  const verdict = await mac.verify(sign({ mac: 'AAAA' }))
  if (verdict.ok) throw new Error('the request was accepted')
  const [first, second] = [await verdict.response(), await verdict.response()]
  expect(second).not.toBe(first)
  expect(reports).toHaveLength(1)
  expect(rejections.newest(10)).toHaveLength(1)
  for (const response of [first, second]) {
    expect(await response.json()).toMatchObject({ reference: reports[0]?.reference })
  }
})

test('after an accepted verdict, getMac returns the identity, and onAccept was called', async () => {
  const { mac, sign, accepted } = await start()
  const request = sign()
  const verdict = await mac.verify(request)
  if (!verdict.ok) throw verdict.error
  expect(getMac(request)).toBe(verdict.identity)
  expect(getMacError(request)).toBeNull()
  expect(accepted).toEqual(['ada'])
})

test('after a rejected verdict, getMac throws', async () => {
  const { mac, sign } = await start()
  for (const request of [sign({ mac: 'AAAA' }), new Request(URL)]) {
    expect((await mac.verify(request)).ok).toBe(false)
    expect(() => getMac(request)).toThrow('has not seen')
  }
})

describe('in the mode optional', () => {
  const options: VerifyOptions = { mode: 'optional' }

  test('a client without credentials is accepted as anonymous, and is not reported', async () => {
    const { mac, reports, accepted } = await start()
    const request = new Request(URL)
    expect(await mac.verify(request, options)).toEqual({
      ok: true,
      identity: null,
      rateLimit: null,
    })
    expect([getMac(request), getMacError(request)]).toEqual([null, null])
    expect([reports, accepted]).toEqual([[], []])
  })

  test('so is a client with wrong ones, which is reported, and getMacError says why', async () => {
    const { mac, sign, reports } = await start()
    const request = sign({ mac: 'AAAA' })
    expect(await mac.verify(request, options)).toMatchObject({ ok: true, identity: null })
    expect(getMac(request)).toBeNull()
    expect(getMacError(request)?.code).toBe('ERR_MAC_MISMATCH')
    expect(reports).toHaveLength(1)
  })

  test('a client with valid credentials has an identity', async () => {
    const { mac, sign } = await start()
    const verdict = await mac.verify(sign(), options)
    expect(verdict).toMatchObject({ ok: true, identity: { user: 'ada' } })
  })

  test('a request for another handler is rejected', async () => {
    const { mac } = await start()
    const request = Object.assign(new Request(URL), { params: { id: 'other' } })
    expect(await mac.verify(request, options)).toMatchObject({ ok: false })
    expect(() => getMac(request)).toThrow('has not seen')
  })
})

test('allowPreflight accepts a preflight as anonymous, and nothing else', async () => {
  const { mac } = await start()
  const headers = { 'access-control-request-method': 'GET' }
  const preflight = new Request(URL, { method: 'OPTIONS', headers })
  expect(await mac.verify(preflight, { allowPreflight: true })).toMatchObject({ identity: null })
  expect((await mac.verify(preflight)).ok).toBe(false)
  const other = new Request(URL, { headers })
  expect((await mac.verify(other, { allowPreflight: true })).ok).toBe(false)
})

test('requestTarget is the target that was signed', async () => {
  const { mac, sign } = await start()
  const target = "/a?b='"
  for (const requestTarget of [target, { url: target, headers: { host: 'example.com' } }]) {
    expect((await mac.verify(sign({ target }), { requestTarget })).ok).toBe(true)
    expect((await mac.verify(sign(), { requestTarget })).ok).toBe(false)
  }
  expect((await mac.verify(sign(), { requestTarget: undefined })).ok).toBe(true)
})

test('clientAddress is the address whose failures are counted', async () => {
  const failures = { requests: 1, seconds: 60 }
  const { sign, respond } = await start({ rateLimit: { failures } })
  const clientAddress = '192.0.2.1'
  expect((await respond(sign({ mac: 'AAAA' }), { clientAddress })).status).toBe(401)
  expect((await respond(sign({ mac: 'AAAA' }), { clientAddress })).status).toBe(429)
  expect((await respond(sign({ mac: 'AAAA' }), { clientAddress: '192.0.2.2' })).status).toBe(401)
})

test('options count if they are inherited, or not enumerable', async () => {
  const { mac, sign } = await start()
  class Options {
    get scope() {
      return 'admin'
    }
  }
  const hidden = Object.defineProperty({}, 'scope', { value: 'admin' })
  for (const options of [Object.create({ scope: 'admin' }), new Options(), hidden]) {
    const verdict = await mac.verify(sign(), options)
    expect(verdict).toMatchObject({ ok: false, error: { code: 'ERR_MAC_SCOPE' } })
  }
})

test('options that contradict one another are a TypeError', async () => {
  const { mac, sign } = await start()
  const wrong: readonly [VerifyOptions, string][] = [
    [{ path: '/a', requestTarget: '/a' }, 'either requestTarget'],
    [{ mode: 'optional', scope: 'a' }, 'scope does not go with mode'],
  ]
  for (const [options, message] of wrong) {
    await expect(mac.verify(sign(), options)).rejects.toThrow(message)
  }
})

test('without onReject, a failure of the server is printed', async () => {
  const mac = createMac({ database: 'sqlite::memory:', origin: () => 'nowhere' })
  const printed = spyOn(console, 'error').mockImplementation(() => {})
  try {
    expect((await mac.verify(signed(KEY, URL))).ok).toBe(false)
    expect(String(printed.mock.calls[0]?.[0])).toMatch(/^withmac: ERR_MAC_CALLBACK/)
  } finally {
    printed.mockRestore()
  }
})
