import { partsOf } from '../../src/create-mac.ts'
import { createMac, type MacOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Signing, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }
const clock = new Clock()
const now = clock.seconds

/** Starts a server whose clock stands still at `now`, with one credential. */
async function start(options: MacOptions = { clockOffset: { maxSeconds: 3600 } }) {
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, ...options })
  await mac.createCredential('ada', { ...KEY, expires: null, ifExists: 'keep' })
  const app = mac.withMac(() => new Response())
  return {
    mac,
    send: (ts: number, signing: Signing = {}) => outcome(app(signed(KEY, URL, { ts, ...signing }))),
    offset: async () => (await mac.getCredential(KEY.id))?.clockOffsetSeconds,
  }
}

test.each([[{}], [{ clockOffset: false as const }]])(
  'no clock offset is learned with the options %j',
  async (options) => {
    const { send, offset } = await start(options)
    expect(await send(now - 1000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(await send(now - 100)).toBe('200')
    expect(await offset()).toBeNull()
  },
)

describe.each([
  ['behind', 1000],
  ['ahead', -1000],
])('a client whose clock is %s', (_, difference) => {
  const theirs = now - difference

  test('is accepted, and its later requests are compared with its own clock', async () => {
    const { send, offset } = await start()
    expect(await send(theirs)).toBe('200')
    expect(await offset()).toBe(difference)
    expect(await send(theirs - 300)).toBe('200')
    expect(await send(theirs + 300)).toBe('200')
    expect(await send(theirs - 301)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(await send(theirs + 301)).toBe('401 ERR_MAC_TIMESTAMP_AHEAD')
    expect(await send(now)).toMatch(/^401 ERR_MAC_TIMESTAMP_(STALE|AHEAD)$/)
    expect(await offset()).toBe(difference)
  })
})

test('the first request of a client whose clock is right sets its offset to 0 for good', async () => {
  const { send, offset } = await start()
  expect(await send(now)).toBe('200')
  expect(await offset()).toBe(0)
  expect(await send(now - 1000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await offset()).toBe(0)
})

describe('no clock offset is learned', () => {
  const wrong: readonly [string, number, Signing, string][] = [
    ['from a wrong MAC', now - 1000, { mac: 'AAAA' }, '401 ERR_MAC_REJECTED'],
    ['beyond maxSeconds, behind', now - 3601, {}, '401 ERR_MAC_TIMESTAMP_STALE'],
    ['beyond maxSeconds, ahead', now + 3601, {}, '401 ERR_MAC_TIMESTAMP_AHEAD'],
    ['from an ext that is rejected', now - 1000, { ext: 'bad' }, '401 ERR_MAC_EXT'],
  ]
  test.each(wrong)('%s', async (_, ts, signing, expected) => {
    const clockOffset = { maxSeconds: 3600 }
    const { send, offset } = await start({ clockOffset, ext: (ext) => ext !== 'bad' })
    expect(await send(ts, signing)).toBe(expected)
    expect(await offset()).toBeNull()
  })

  test('from a request with a revoked or an expired credential', async () => {
    const { mac, send } = await start()
    await mac.revokeCredential(KEY.id)
    expect(await send(now - 1000)).toBe('401 ERR_MAC_REJECTED')
    expect((await mac.getCredential(KEY.id))?.clockOffsetSeconds).toBeNull()
    await mac.deleteCredential(KEY.id)
    await mac.createCredential('ada', { ...KEY, expires: new Date(now * 1000) })
    expect(await send(now - 1000)).toBe('401 ERR_MAC_EXPIRED')
    expect((await mac.getCredential(KEY.id))?.clockOffsetSeconds).toBeNull()
  })
})

test('an offset of exactly maxSeconds is learned', async () => {
  for (const difference of [3600, -3600]) {
    const { send, offset } = await start()
    expect(await send(now - difference)).toBe('200')
    expect(await offset()).toBe(difference)
  }
})

test('a clock offset is stored with the credential, and survives a restart', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const clockOffset = { maxSeconds: 3600 }
  const before = await start({ database, clockOffset })
  expect(await before.send(now - 1000)).toBe('200')
  await before.mac.close()
  const after = await start({ database, clockOffset })
  expect(await after.offset()).toBe(1000)
  expect(await after.send(now - 2000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await after.send(now - 1000)).toBe('200')
  await after.mac.close()
})

test('an offset that was learned under a larger maxSeconds is ignored', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const before = await start({ database, clockOffset: { maxSeconds: 3600 } })
  await before.send(now - 1000)
  await before.mac.close()
  // Without an offset comes last: this server keeps nonces for less time, and may remove those of the others.
  for (const clockOffset of [{ maxSeconds: 999 }, { maxSeconds: 1000 }, false as const]) {
    const { mac, send } = await start({ database, clockOffset })
    const isApplied = clockOffset !== false && clockOffset.maxSeconds === 1000
    expect(await send(now - 1000)).toBe(isApplied ? '200' : '401 ERR_MAC_TIMESTAMP_STALE')
    if (!isApplied) expect(await send(now)).toBe('200')
    await mac.close()
  }
})

test('a clock offset can be reset, and is then learned again', async () => {
  const { mac, send, offset } = await start()
  await send(now - 1000)
  await mac.resetClockOffset(KEY.id)
  expect(await offset()).toBeNull()
  expect(await send(now + 500)).toBe('200')
  expect(await offset()).toBe(-500)
  const unknown = mac.resetClockOffset('nobody')
  await expect(unknown).rejects.toMatchObject({ code: 'ERR_MAC_CREDENTIAL_UNKNOWN' })
})

test('a request is rejected if its credential is deleted while its clock offset is learned', async () => {
  const mac = createMac({
    ...{ database: 'sqlite::memory:', now: clock.now, clockOffset: { maxSeconds: 3600 } },
    onReject: () => {},
  })
  await mac.createCredential('ada', { ...KEY, expires: null })
  const { credentials } = await partsOf(mac).store()
  const learnClock = credentials.learnClock.bind(credentials)
  credentials.learnClock = async (...given) => {
    await mac.deleteCredential(KEY.id)
    return learnClock(...given)
  }
  // Within the window, so that only the deletion can be the reason.
  const request = signed(KEY, URL, { ts: now - 100 })
  expect(await outcome(mac.withMac(() => new Response())(request))).toBe('401 ERR_MAC_REJECTED')
})

describe('two first requests at once', () => {
  test('that agree are both accepted, and one of them sets the offset', async () => {
    const { send, offset } = await start()
    expect(await Promise.all([send(now - 1000), send(now - 1100)])).toEqual(['200', '200'])
    expect([1000, 1100]).toContain((await offset()) ?? 0)
  })

  test('that disagree: one is accepted and sets the offset, the other is rejected by it', async () => {
    const { send, offset } = await start()
    const answers = await Promise.all([send(now - 1000), send(now + 1000)])
    const learned = await offset()
    if (answers[0] === '200') {
      expect([learned, answers[1]]).toEqual([1000, '401 ERR_MAC_TIMESTAMP_AHEAD'])
    } else {
      expect([learned, ...answers]).toEqual([-1000, '401 ERR_MAC_TIMESTAMP_STALE', '200'])
    }
  })
})
