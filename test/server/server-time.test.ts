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
  /** Sends a request. @returns Its outcome, and the server time in the challenge. */
  const send = async (key: Key, signing: Signing) => {
    const answer = await app(signed(key, URL, signing))
    const { ts = null, tsm = null } = parseChallenge(answer.headers.get('www-authenticate')) ?? {}
    return { answer: await outcome(answer), ts, tsm }
  }
  return { clock, mac, app, send }
}

/** @returns The MAC over a server's time, as docs/nonces-and-clocks.md defines it. */
function timeMac({ id, key }: Key, nonce: string, ts: number, serverTs: number, hash = 'sha256') {
  const text = `withmac-server-time-1\n${id}\n${nonce}\n${ts}\n${serverTs}\n`
  return createHmac(hash, key).update(text).digest('base64')
}

describe('if the MAC is right and the timestamp is not, the challenge carries the server time', () => {
  test.each([
    ['STALE', NOW - 301],
    ['AHEAD', NOW + 301],
  ])('with a MAC over it, for the code %s', async (which, ts) => {
    const { send } = await start()
    const tsm = timeMac(KEY, 'n-1', ts, NOW)
    const answer = `401 ERR_MAC_TIMESTAMP_${which}`
    expect(await send(KEY, { ts, nonce: 'n-1' })).toEqual({ answer, ts: String(NOW), tsm })
  })

  test('with a MAC by the algorithm of the credential', async () => {
    const { send } = await start()
    const tsm = timeMac(OLD, 'n-1', 5, NOW, 'sha1')
    expect(await send(OLD, { ts: 5, nonce: 'n-1' })).toMatchObject({ ts: String(NOW), tsm })
  })

  test('so that a request with this time is accepted', async () => {
    const { send } = await start()
    const { ts } = await send(KEY, { ts: NOW - 1000 })
    expect((await send(KEY, { ts: ts ?? '' })).answer).toBe('200')
  })

  test('also if the credential is cached', async () => {
    const { send } = await start()
    expect((await send(KEY, { ts: NOW })).answer).toBe('200')
    expect(await send(KEY, { ts: NOW - 1000 })).toMatchObject({ ts: String(NOW) })
  })

  test('also if the nonces of the timestamp were removed', async () => {
    const { send, mac, clock } = await start()
    await send(KEY, { ts: NOW + 300 })
    clock.seconds += 700
    await mac.prune()
    clock.seconds -= 600
    expect(await send(KEY, { ts: NOW })).toMatchObject({
      answer: '401 ERR_MAC_TIMESTAMP_STALE',
      ts: String(NOW + 100),
    })
  })

  test('minus the learned clock offset, which the server adds', async () => {
    const { send } = await start({ clockOffset: { maxSeconds: 3600 } })
    expect((await send(KEY, { ts: NOW - 1000 })).answer).toBe('200')
    const { answer, ts } = await send(KEY, { ts: NOW })
    expect([answer, ts]).toEqual(['401 ERR_MAC_TIMESTAMP_AHEAD', String(NOW - 1000)])
    expect((await send(KEY, { ts: ts ?? '' })).answer).toBe('200')
  })
})

describe('the challenge carries no server time', () => {
  const nothing = { ts: null, tsm: null }

  test('if the MAC is wrong', async () => {
    const { send } = await start()
    const ts = NOW - 1000
    expect(await send(KEY, { ts, mac: 'AAAA' })).toMatchObject(nothing)
    expect(await send({ ...KEY, id: 'nobody' }, { ts })).toMatchObject(nothing)
  })

  test('if the credential was revoked or has expired', async () => {
    const { send, mac } = await start()
    await mac.revokeCredential(KEY.id)
    expect(await send(KEY, { ts: NOW - 1000 })).toMatchObject(nothing)
    const eve = await mac.createCredential('eve', { expires: NOW + 1 })
    expect(await send(eve, { ts: NOW - 1000 })).toMatchObject({ ts: String(NOW) })
    const late = await start({ now: () => NOW + 1 })
    await late.mac.createCredential('eve', { id: eve.id, key: eve.key, expires: NOW + 1 })
    expect(await late.send(eve, { ts: NOW - 1000 })).toEqual({
      answer: '401 ERR_MAC_EXPIRED',
      ...nothing,
    })
  })

  test('if something else was wrong', async () => {
    const { send } = await start({ ext: (ext) => ext === null })
    expect((await send(KEY, { ts: NOW, nonce: 'n' })).answer).toBe('200')
    const replay = { answer: '401 ERR_MAC_REPLAY', ...nothing }
    expect(await send(KEY, { ts: NOW, nonce: 'n' })).toEqual(replay)
    expect(await send(KEY, { ts: NOW, ext: 'a' })).toEqual({
      answer: '401 ERR_MAC_EXT',
      ...nothing,
    })
  })

  test('if the clock fails in between', async () => {
    let asked = 0
    const now = () => (++asked < 5 ? NOW : Number.NaN)
    const { send } = await start({ now })
    asked = 3
    const answer = '401 ERR_MAC_TIMESTAMP_STALE'
    expect(await send(KEY, { ts: NOW - 1000 })).toEqual({ answer, ...nothing })
  })

  test('if the clock shows no valid timestamp', async () => {
    const { send } = await start({ now: () => 0 })
    const answer = '401 ERR_MAC_TIMESTAMP_AHEAD'
    expect(await send(KEY, { ts: NOW })).toEqual({ answer, ...nothing })
  })
})

test('the verdict of mac.verify contains the challenge, for applications that answer without withMac', async () => {
  const { mac, app } = await start()
  const challenge = async (request: Request) => {
    const verdict = await mac.verify(request)
    return verdict.ok ? 'accepted' : verdict.challenge
  }
  const signing = { ts: NOW - 1000, nonce: 'n' }
  const answer = await app(signed(KEY, URL, signing))
  const stale = answer.headers.get('www-authenticate')
  expect(stale).toContain('tsm=')
  expect(await challenge(signed(KEY, URL, signing))).toBe(stale)
  expect(await challenge(new Request(URL))).toBe('MAC')
  expect(await challenge(signed(KEY, URL, { ts: NOW }))).toBe('accepted')
  await mac.close()
  expect(await challenge(signed(KEY, URL, { ts: NOW }))).toBeNull()
})

test('in the mode optional the handler is called, and the answer has no challenge', async () => {
  const { mac } = await start()
  const why = (request: Request) => new Response(getMacError(request)?.code)
  const answer = await mac.withMac(why, { mode: 'optional' })(signed(KEY, URL, { ts: 5 }))
  expect(await answer.text()).toBe('ERR_MAC_TIMESTAMP_STALE')
  expect(answer.headers.has('www-authenticate')).toBe(false)
})
