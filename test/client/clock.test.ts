import { ServerClocks } from '../../src/client/clock.ts'
import { createMacFetch, type MacFetch } from '../../src/client/index.ts'
import { parseAuthorization } from '../../src/protocol/authorization.ts'
import { formatChallenge } from '../../src/protocol/challenge.ts'
import { serverTimeMac } from '../../src/protocol/hmac.ts'
import { describe, expect, test } from '../support/runner.ts'
import { KEY, type Seen, signingServer } from './server.ts'

const NOW = 1_700_000_000
const behind = { now: () => NOW - 4000 }
const onTime = { now: () => NOW }

function timestamps(seen: readonly Seen[]): number[] {
  return seen.map(({ authorization }) => Number(parseAuthorization(authorization)?.ts))
}

test.each([
  ['behind', -4000],
  ['ahead', 4000],
])('corrects a clock that is %s by the first response, and keeps it correct', async (_, off) => {
  await using server = await signingServer(undefined, onTime)
  const macFetch = createMacFetch(KEY, { now: () => NOW + off })
  const answer = await macFetch(server.url, { method: 'POST', body: 'hello' })
  expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
  expect(timestamps(server.seen)).toEqual([NOW + off, NOW])
  expect((await macFetch(server.url)).status).toBe(200)
  expect(server.seen.map(({ status }) => status)).toEqual([401, 200, 200])
})

test('keeps a clock offset for each server', async () => {
  await using one = await signingServer(undefined, onTime)
  await using other = await signingServer(undefined, behind)
  const macFetch = createMacFetch(KEY, behind)
  expect((await macFetch(one.url)).status).toBe(200)
  expect((await macFetch(other.url)).status).toBe(200)
  expect(other.seen).toHaveLength(1)
})

test('uses the option clockOffset, and corrects it if it is wrong', async () => {
  await using server = await signingServer(undefined, onTime)
  const known = createMacFetch(KEY, { ...behind, clockOffset: 4000 })
  expect((await known(server.url)).status).toBe(200)
  const wrong = createMacFetch(KEY, { ...behind, clockOffset: -4000 })
  expect((await wrong(server.url)).status).toBe(200)
  expect(timestamps(server.seen)).toEqual([NOW, NOW - 8000, NOW])
})

test('does not send a stream again, and the next request is accepted', async () => {
  await using server = await signingServer(undefined, onTime)
  const macFetch = createMacFetch(KEY, behind)
  const body = new Blob(['hello']).stream()
  const first = await macFetch(server.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
  expect(first.status).toBe(401)
  expect(await first.text()).toContain('ERR_MAC_TIMESTAMP_STALE')
  expect((await macFetch(server.url, { method: 'POST', body: 'hello' })).status).toBe(200)
  expect(server.seen).toHaveLength(2)
})

test.each([
  ['that holds a string', () => ({ body: 'hello' }), {}],
  ['that holds a stream', () => ({ body: new Blob(['hello']).stream(), duplex: 'half' }), {}],
  ['with a bound body', () => ({ body: 'hello' }), { body: true }],
])('sends a Request %s again', async (_, content, options) => {
  await using server = await signingServer(undefined, onTime)
  const macFetch = createMacFetch(KEY, { ...behind, ...options })
  const headers = { 'content-type': 'text/x', 'x-mine': '1' }
  const request = new Request(server.url, { method: 'PUT', headers, ...content() })
  const answer = await macFetch(request)
  expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
  expect(server.seen.map(({ method }) => method)).toEqual(['PUT', 'PUT'])
  for (const { headers } of server.seen) {
    expect([headers.get('content-type'), headers.get('x-mine')]).toEqual(['text/x', '1'])
  }
})

test('corrects the clock behind a redirect', async () => {
  await using server = await signingServer(
    ({ url }) =>
      url.endsWith('/old')
        ? new Response('', { status: 307, headers: { location: '/new' } })
        : null,
    onTime,
  )
  const macFetch = createMacFetch(KEY, behind)
  const answer = await macFetch(`${server.url}/old`, { method: 'POST', body: 'hello' })
  expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
  expect(timestamps(server.seen)).toEqual([NOW - 4000, NOW - 4000, NOW])
})

describe('a server time that is not authenticated changes nothing:', () => {
  const forge =
    (change: (time: { id: string; nonce: string; ts: string; serverTs: string }) => object) =>
    async ({ headers }: Request) => {
      const { id, nonce, ts } = parseAuthorization(headers.get('authorization')) ?? never()
      const time = { id, nonce, ts, serverTs: String(NOW) }
      const changed = { key: KEY.key as string, ...time, ...change(time) }
      const tsm = serverTimeMac('hmac-sha-256', changed.key, changed)
      const challenge = formatChallenge({ error: 'stale', ts: time.serverTs, tsm })
      return new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
    }
  const say =
    (challenge: string | null, date = '') =>
    async () =>
      new Response('', {
        status: 401,
        headers: {
          ...(challenge === null ? {} : { 'www-authenticate': challenge }),
          'x-date': date,
        },
      })

  test.each([
    ['no challenge', say(null)],
    ['a challenge without a time', say('MAC error="The timestamp is too old."')],
    ['a time without a MAC', say(`MAC error="x", ts="${NOW}"`)],
    ['a time with a MAC that is not valid', say(`MAC error="x", ts="${NOW}", tsm="AAAA"`)],
    ['a time with an empty MAC', say(`MAC error="x", ts="${NOW}", tsm=""`)],
    ['a malformed challenge', say('MAC error="')],
    ['another key', forge(() => ({ key: 'guessed' }))],
    ['an answer to another nonce', forge(() => ({ nonce: 'another' }))],
    ['an answer to another timestamp', forge(({ ts }) => ({ ts: `${ts}0` }))],
    ['an answer to another credential', forge(() => ({ id: 'another' }))],
    ['a MAC over another time', forge(() => ({ serverTs: String(NOW + 1) }))],
  ])('%s', async (_, answer) => {
    await using server = await signingServer(answer)
    const macFetch = createMacFetch(KEY, behind)
    for (const times of [1, 2]) {
      expect((await macFetch(server.url)).status).toBe(401)
      expect(timestamps(server.seen)).toEqual(Array(times).fill(NOW - 4000))
    }
  })

  test('control: the same response, not forged, corrects the clock', async () => {
    await using server = await signingServer(forge(() => ({})))
    const macFetch = createMacFetch(KEY, behind)
    expect((await macFetch(server.url)).status).toBe(401)
    expect(timestamps(server.seen)).toEqual([NOW - 4000, NOW])
  })

  // Not 407, which the fetch of Node does not return, and not 421, after which it sends again by itself.
  test.each([200, 204, 206, 302, 304, 400, 402, 403, 404, 405, 409, 410, 425, 429, 500, 503])(
    'a time in an answer %d instead of a 401',
    async (status) => {
      const answer = forge(() => ({}))
      await using server = await signingServer(async (request) => {
        const { headers } = await answer(request)
        return new Response(null, { status, headers })
      })
      const macFetch = createMacFetch(KEY, behind)
      for (const times of [1, 2]) {
        expect((await macFetch(server.url)).status).toBe(status)
        expect(timestamps(server.seen)).toEqual(Array(times).fill(NOW - 4000))
      }
    },
  )

  test.each([
    ['a 407', (init: ResponseInit) => new Response(null, { ...init, status: 407 })],
    ['a network error', () => Response.error()],
    ['a 401 to an unsigned request after a redirect', null],
  ])('a time in %s', async (_, make) => {
    const challenge = forge(() => ({}))
    const sent: string[] = []
    const hand: MacFetch = async (input, init) => {
      const request = new Request(input, init)
      sent.push(request.headers.get('authorization') ?? 'unsigned')
      if (make !== null) return make({ headers: (await challenge(request)).headers })
      if (sent.length > 1)
        return challenge(new Request(input, { headers: { authorization: sent[0] ?? '' } }))
      return new Response(null, { status: 307, headers: { location: 'https://b.example/' } })
    }
    const macFetch = createMacFetch(KEY, { ...behind, fetch: hand })
    await macFetch('https://a.example/')
    await macFetch('https://a.example/')
    for (const header of sent.filter((each) => each !== 'unsigned')) {
      expect(Number(parseAuthorization(header)?.ts)).toBe(NOW - 4000)
    }
    expect(sent.length).toBe(make === null ? 3 : 2)
  })

  test('a time in a 401 that was delayed longer than the clock is off does not make the client send again', async () => {
    let now = NOW - 61
    const answer = forge(() => ({}))
    await using server = await signingServer((request) => {
      if (server.seen.length === 0) now += 31
      return server.seen.length === 0 ? answer(request) : null
    }, onTime)
    const macFetch = createMacFetch(KEY, { now: () => now })
    expect((await macFetch(server.url, { method: 'POST', body: 'x' })).status).toBe(401)
    expect(timestamps(server.seen)).toEqual([NOW - 61])
    await macFetch(server.url)
    expect(timestamps(server.seen)).toEqual([NOW - 61, NOW])
  })

  test('a time in a 401 that was delayed for more than a minute', async () => {
    let now = NOW - 4000
    const answer = forge(() => ({}))
    await using server = await signingServer((request) => {
      now += 61
      return answer(request)
    })
    expect((await createMacFetch(KEY, { now: () => now })(server.url)).status).toBe(401)
    expect(server.seen).toHaveLength(1)
  })
})

test('a learned offset never leads to timestamps in the future', () => {
  const clocks = new ServerClocks(0)
  const timing = (sent: number, received: number, offset = clocks.offsetOf('o')) => ({
    sent,
    received,
    offset,
  })
  // The server read its clock before the answer came. When it comes, the server's clock is later.
  expect(clocks.learnOffset('o', 1000, timing(100, 110))).toBe(true)
  expect(clocks.offsetOf('o')).toBe(890)
  expect(clocks.learnOffset('o', 1000, timing(110, 100))).toBe(false)
  expect(clocks.learnOffset('o', 1000, timing(100, Number.NaN))).toBe(false)
  expect(clocks.learnOffset('o', 1000.5, timing(110, 110))).toBe(false)
  expect(clocks.offsetOf('another')).toBe(0)
  // A request that was signed before the offset was learned is still wrong.
  expect(clocks.learnOffset('o', 1000.5, timing(110, 110, 0))).toBe(true)
  expect(clocks.learnOffset('o', 1000, timing(100, 500, 0))).toBe(true)
  expect(clocks.offsetOf('o')).toBe(890)
})

function never(): never {
  throw new Error('the request has no MAC credentials')
}
