import { explain } from '../../src/explain/explain.ts'
import { readSeenRequest } from '../../src/explain/read-seen.ts'
import {
  createMac,
  type MacError,
  type MacOptions,
  type MacReport,
  type WithMacOptions,
} from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

const URL = 'http://api.example.com/a?b=1'
const KEY = { id: 'ada', key: 'the key of ada, as it is' }
const clock = new Clock()

/** Starts a server with a credential, and records the reports of its rejections. */
async function serverWith(options: MacOptions & WithMacOptions = {}) {
  const reports: (MacReport & { error: MacError })[] = []
  const { mode, requestTarget, ...macOptions } = options
  const mac = createMac({
    database: 'sqlite::memory:',
    now: clock.now,
    onReject: (error, _, report) => reports.push({ ...report, error }),
    ...macOptions,
  })
  await mac.createCredential('ada', { ...KEY, expires: null })
  const app = mac.withMac(() => new Response(), { mode, requestTarget })
  return { mac, app, reports }
}

function sign(signing: Signing = {}, key = KEY): Request {
  return signed(key, URL, { ts: clock.seconds, ...signing })
}

describe('the reference', () => {
  test('is the same in the answer and in the report, and differs each time', async () => {
    const { app, reports } = await serverWith()
    const references = []
    for (const request of [sign({ port: '443' }), new Request(URL), sign({ mac: 'AAAA' })]) {
      references.push(((await (await app(request)).json()) as { reference: string }).reference)
    }
    expect(new Set(references).size).toBe(3)
    expect(reports.map(({ reference }) => reference)).toEqual(references)
  })

  test('is in a 503 too, and in the line that is printed if there is no onReject', async () => {
    const shown = spyOn(console, 'error').mockImplementation(() => {})
    try {
      const broken = createMac({ database: 'sqlite:/dev/null/mac.db' })
      const answer = await broken.withMac(() => new Response())(sign())
      const { status, reference } = (await answer.json()) as { status: number; reference: string }
      expect(status).toBe(503)
      expect(shown.mock.calls[0]?.[0]).toContain(`ERR_MAC_STORE (${reference})`)
    } finally {
      shown.mockRestore()
    }
  })
})

describe('explain() of a report', () => {
  test.each<[string, () => Request, string, string]>([
    ['a wrong port', () => sign({ port: '443' }), 'ERR_MAC_MISMATCH', 'signed port 443, not 80'],
    ['a missing header', () => new Request(URL), 'ERR_MAC_MISSING', 'No Authorization header'],
    [
      'an unknown identifier',
      () => sign({}, { ...KEY, id: 'eve' }),
      'ERR_MAC_UNKNOWN_IDENTIFIER',
      '"eve"',
    ],
    [
      'an old timestamp',
      () => sign({ ts: clock.seconds - 400 }),
      'ERR_MAC_TIMESTAMP_STALE',
      '400 s behind',
    ],
    [
      'a timestamp in milliseconds',
      () => sign({ ts: clock.seconds * 1000 }),
      'ERR_MAC_TIMESTAMP_AHEAD',
      'in milliseconds',
    ],
    ['another key', () => sign({}, { ...KEY, key: 'x' }), 'ERR_MAC_MISMATCH', 'No known mistake'],
  ])('explains %s', async (_, request, code, holds) => {
    const { app, reports } = await serverWith()
    await app(request())
    const explanation = await reports[0]?.explain()
    expect(explanation?.code).toBe(code)
    expect(String(reports[0]?.error.code)).toBe(code)
    expect(explanation?.sentence).toContain(holds)
  })

  test('explains a replay and a revoked credential', async () => {
    const { mac, app, reports } = await serverWith()
    const request = sign()
    const copy = request.clone()
    await app(request)
    await app(copy)
    expect(reports).toHaveLength(1)
    expect(await reports[0]?.explain()).toMatchObject({ ok: false, code: 'ERR_MAC_REPLAY' })
    await mac.revokeCredential('ada')
    await app(sign())
    expect(await reports[1]?.explain()).toMatchObject({ ok: false, code: 'ERR_MAC_REVOKED' })
  })

  test.each<[string, MacOptions & WithMacOptions, Record<string, string>]>([
    ['a pinned origin', { origin: 'https://api.example.com' }, {}],
    ['a list of origins', { origin: ['https://a.example', 'https://api.example.com'] }, {}],
    ['a function', { origin: () => 'https://api.example.com' }, {}],
    ['a proxy', { trustProxy: true }, { 'x-forwarded-proto': 'https' }],
  ])('uses the origin that the server uses, from %s', async (_, options, headers) => {
    const { app, reports } = await serverWith(options)
    const request = sign()
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
    await app(request)
    const explanation = await reports[0]?.explain()
    expect(explanation?.lines[5]).toEqual({ name: 'port', received: '443', signed: '80' })
    expect(explanation?.settings).toEqual({ origin: 'http://api.example.com' })
  })

  test('uses the request target from requestTarget', async () => {
    const { app, reports } = await serverWith({ requestTarget: () => '/x/../a?b=1' })
    await app(sign())
    const explanation = await reports[0]?.explain()
    expect(explanation?.lines[3]).toEqual({
      name: 'request-URI',
      received: '/x/../a?b=1',
      signed: '/a?b=1',
    })
  })

  test('includes the learned clock offset', async () => {
    const { app, reports } = await serverWith({ clockOffset: { maxSeconds: 10_000 } })
    await app(sign({ ts: clock.seconds - 5000 }))
    expect(reports).toEqual([])
    await app(sign())
    expect((await reports[0]?.explain())?.sentence).toContain('5000 s learned')
  })

  test('resolves to null if the credential cannot be read', async () => {
    const { mac, app, reports } = await serverWith()
    await mac.close()
    await app(sign())
    expect(reports[0]?.error.code).toBe('ERR_MAC_CLOSED')
    expect(await reports[0]?.explain()).toBeNull()
  })

  test('can be called long after the request was answered', async () => {
    const { app, reports } = await serverWith()
    clock.seconds += 1000
    await app(sign({ ts: clock.seconds - 301 }))
    clock.seconds -= 1000
    expect((await reports[0]?.explain())?.sentence).toContain('301 s behind')
  })
})

describe('a report as JSON', () => {
  test('can be read by readSeenRequest and explained elsewhere, with the same result', async () => {
    const { app, reports } = await serverWith({ origin: 'https://api.example.com' })
    await app(sign())
    const seen = readSeenRequest(JSON.stringify(reports[0]))
    expect(seen).toEqual(reports[0]?.toJSON() as typeof seen)
    expect(seen.code).toBe('ERR_MAC_MISMATCH')
    const explanation = await reports[0]?.explain()
    expect(explain(seen, KEY)).toEqual(explanation as NonNullable<typeof explanation>)
  })

  test('contains only the header fields that matter', async () => {
    const { app, reports } = await serverWith()
    const request = sign({ port: '1' })
    for (const name of ['cookie', 'x-api-key', 'forwarded']) request.headers.set(name, `of ${name}`)
    await app(request)
    expect(Object.keys(reports[0]?.toJSON().headers ?? {}).sort()).toEqual([
      'authorization',
      'forwarded',
    ])
  })

  test('can be made if the header fields of the request cannot be read', async () => {
    const { app, reports } = await serverWith()
    const broken = {
      method: 'GET',
      url: URL,
      headers: {
        get() {
          throw new TypeError('a malformed field')
        },
      },
    }
    await app(broken as unknown as Request)
    expect(reports[0]?.toJSON()).toMatchObject({ code: 'ERR_MAC_HEADER_SYNTAX', headers: {} })
    expect(await reports[0]?.explain()).not.toBeUndefined()
  })
})

test('nothing is computed before explain() is called: the origin function runs no second time', async () => {
  let asked = 0
  const origin = () => {
    asked++
    return 'https://api.example.com'
  }
  const { app, reports } = await serverWith({ origin })
  await app(sign())
  expect(asked).toBe(1)
  await reports[0]?.explain()
  expect(asked).toBe(2)
})

test('in the mode optional a rejection is reported too', async () => {
  const { app, reports } = await serverWith({ mode: 'optional' })
  expect((await app(sign({ port: '443' }))).status).toBe(200)
  expect((await reports[0]?.explain())?.sentence).toContain('port 443')
  await app(new Request(URL))
  expect(reports).toHaveLength(1)
})

test('explain() names a rejection by the origin function', async () => {
  const { app, reports } = await serverWith({ origin: () => null })
  await app(sign())
  expect(await reports[0]?.explain()).toMatchObject({ ok: false, code: 'ERR_MAC_ORIGIN' })
})

test.each([
  ['Bearer SECRET', 'Bearer ***'],
  ['Basic U0VDUkVU', 'Basic ***'],
  ['SECRET', '*** ***'],
  ['Basic U0VDUkVU, MAC id="ada"', 'Basic ***, MAC id="ada"'],
])('a report of %s contains no secret of another scheme', async (authorization, shown) => {
  const { app, reports } = await serverWith()
  await app(new Request(URL, { headers: { authorization } }))
  const [report] = reports
  expect(report?.toJSON().headers.authorization).toBe(shown)
  const explanation = await report?.explain()
  expect(JSON.stringify([report, explanation])).not.toMatch(/SECRET|U0VDUkVU/)
})
