import { createHmac } from 'node:crypto'
import { createMac, getMacError, type MacOptions } from '../../src/index.ts'
import { parseChallenge } from '../../src/protocol/challenge.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Key, type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits', algorithm: 'hmac-sha-256' } as const
const OLD = {
  id: 'old',
  key: 'the-old-a-key-that-holds-128-bits',
  algorithm: 'hmac-sha-1',
} as const
const NOW = 1_700_000_000

async function start(options: MacOptions = {}) {
  const clock = new Clock()
  const mac = createMac({
    database: 'sqlite::memory:',
    now: clock.now,
    onReject: () => {},
    ...options,
  })
  for (const key of [KEY, OLD]) await mac.createCredential('ada', { ...key, expires: null })
  const app = mac.withMac(() => new Response())
  /** What the challenge says of the time. */
  const told = async (key: Key, signing: Signing) => {
    const answer = await app(signed(key, URL, signing))
    const { ts = null, tsm = null } = parseChallenge(answer.headers.get('www-authenticate')) ?? {}
    return { answer: await outcome(answer), ts, tsm }
  }
  return { clock, mac, app, told }
}

/** The MAC over a server's time, by the words of docs/nonces-and-clocks.md. */
function timeMac({ id, key }: Key, nonce: string, ts: number, serverTs: number, hash = 'sha256') {
  const text = `withmac-server-time-1\n${id}\n${nonce}\n${ts}\n${serverTs}\n`
  return createHmac(hash, key).update(text).digest('base64')
}

describe('whose MAC is right and whose timestamp is not is told the time', () => {
  test.each([
    ['STALE', NOW - 301],
    ['AHEAD', NOW + 301],
  ])('with a MAC over it: %s', async (which, ts) => {
    const { told } = await start()
    const tsm = timeMac(KEY, 'n-1', ts, NOW)
    const answer = `401 ERR_MAC_TIMESTAMP_${which}`
    expect(await told(KEY, { ts, nonce: 'n-1' })).toEqual({ answer, ts: String(NOW), tsm })
  })

  test('by the algorithm of the credential', async () => {
    const { told } = await start()
    const tsm = timeMac(OLD, 'n-1', 5, NOW, 'sha1')
    expect(await told(OLD, { ts: 5, nonce: 'n-1' })).toMatchObject({ ts: String(NOW), tsm })
  })

  test('and is let in by it', async () => {
    const { told } = await start()
    const { ts } = await told(KEY, { ts: NOW - 1000 })
    expect((await told(KEY, { ts: ts ?? '' })).answer).toBe('200')
  })

  test('also where the credential is remembered', async () => {
    const { told } = await start()
    expect((await told(KEY, { ts: NOW })).answer).toBe('200')
    expect(await told(KEY, { ts: NOW - 1000 })).toMatchObject({ ts: String(NOW) })
  })

  test('also where it is the nonces that are no longer kept', async () => {
    const { told, mac, clock } = await start()
    await told(KEY, { ts: NOW + 300 })
    clock.seconds += 700
    await mac.prune()
    clock.seconds -= 600
    expect(await told(KEY, { ts: NOW })).toMatchObject({
      answer: '401 ERR_MAC_TIMESTAMP_STALE',
      ts: String(NOW + 100),
    })
  })

  test('less the clock offset that was learned, which the server adds', async () => {
    const { told } = await start({ clockOffset: { maxSeconds: 3600 } })
    expect((await told(KEY, { ts: NOW - 1000 })).answer).toBe('200')
    const { answer, ts } = await told(KEY, { ts: NOW })
    expect([answer, ts]).toEqual(['401 ERR_MAC_TIMESTAMP_AHEAD', String(NOW - 1000)])
    expect((await told(KEY, { ts: ts ?? '' })).answer).toBe('200')
  })
})

describe('no time is told', () => {
  const nothing = { ts: null, tsm: null }

  test('to who has no right MAC', async () => {
    const { told } = await start()
    const ts = NOW - 1000
    expect(await told(KEY, { ts, mac: 'AAAA' })).toMatchObject(nothing)
    expect(await told({ ...KEY, id: 'nobody' }, { ts })).toMatchObject(nothing)
  })

  test('with a credential that is worth nothing', async () => {
    const { told, mac } = await start()
    await mac.revokeCredential(KEY.id)
    expect(await told(KEY, { ts: NOW - 1000 })).toMatchObject(nothing)
    const eve = await mac.createCredential('eve', { expires: NOW + 1 })
    expect(await told(eve, { ts: NOW - 1000 })).toMatchObject({ ts: String(NOW) })
    const late = await start({ now: () => NOW + 1 })
    await late.mac.createCredential('eve', { id: eve.id, key: eve.key, expires: NOW + 1 })
    expect(await late.told(eve, { ts: NOW - 1000 })).toEqual({
      answer: '401 ERR_MAC_EXPIRED',
      ...nothing,
    })
  })

  test('where something else was wrong', async () => {
    const { told } = await start({ ext: (ext) => ext === null })
    expect((await told(KEY, { ts: NOW, nonce: 'n' })).answer).toBe('200')
    const replay = { answer: '401 ERR_MAC_REPLAY', ...nothing }
    expect(await told(KEY, { ts: NOW, nonce: 'n' })).toEqual(replay)
    expect(await told(KEY, { ts: NOW, ext: 'a' })).toEqual({
      answer: '401 ERR_MAC_EXT',
      ...nothing,
    })
  })

  test('where the clock fails in between', async () => {
    let asked = 0
    const now = () => (++asked < 5 ? NOW : Number.NaN)
    const { told } = await start({ now })
    asked = 3
    const answer = '401 ERR_MAC_TIMESTAMP_STALE'
    expect(await told(KEY, { ts: NOW - 1000 })).toEqual({ answer, ...nothing })
  })

  test('of a clock that shows no timestamp', async () => {
    const { told } = await start({ now: () => 0 })
    const answer = '401 ERR_MAC_TIMESTAMP_AHEAD'
    expect(await told(KEY, { ts: NOW })).toEqual({ answer, ...nothing })
  })
})

test('the verdict of mac.verify holds the challenge, for who answers without withMac', async () => {
  const { mac, app } = await start()
  const challenge = async (request: Request) => {
    const verdict = await mac.verify(request)
    return verdict.ok ? 'let in' : verdict.challenge
  }
  const signing = { ts: NOW - 1000, nonce: 'n' }
  const answer = await app(signed(KEY, URL, signing))
  const stale = answer.headers.get('www-authenticate')
  expect(stale).toContain('tsm=')
  expect(await challenge(signed(KEY, URL, signing))).toBe(stale)
  expect(await challenge(new Request(URL))).toBe('MAC')
  expect(await challenge(signed(KEY, URL, { ts: NOW }))).toBe('let in')
  await mac.close()
  expect(await challenge(signed(KEY, URL, { ts: NOW }))).toBeNull()
})

test('in the mode optional the handler is called as ever', async () => {
  const { mac } = await start()
  const why = (request: Request) => new Response(getMacError(request)?.code)
  const answer = await mac.withMac(why, { mode: 'optional' })(signed(KEY, URL, { ts: 5 }))
  expect(await answer.text()).toBe('ERR_MAC_TIMESTAMP_STALE')
  expect(answer.headers.has('www-authenticate')).toBe(false)
})
