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

/** A server whose clock stands still at `now`, with a credential that can sign for it. */
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

test.each([[{}], [{ clockOffset: false as const }]])('is off with %j', async (options) => {
  const { send, offset } = await start(options)
  expect(await send(now - 1000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await send(now - 100)).toBe('200')
  expect(await offset()).toBeNull()
})

describe.each([
  ['behind', 1000],
  ['ahead', -1000],
])('a client whose clock is %s', (_, difference) => {
  const theirs = now - difference

  test('is let in, and its later requests are judged by its own clock', async () => {
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

test('a client whose clock is right teaches that, once', async () => {
  const { send, offset } = await start()
  expect(await send(now)).toBe('200')
  expect(await offset()).toBe(0)
  expect(await send(now - 1000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await offset()).toBe(0)
})

describe('nothing is learned', () => {
  const wrong: readonly [string, number, Signing, string][] = [
    ['of a wrong MAC', now - 1000, { mac: 'AAAA' }, '401 ERR_MAC_REJECTED'],
    ['beyond the bound', now - 3601, {}, '401 ERR_MAC_TIMESTAMP_STALE'],
    ['beyond the bound, ahead', now + 3601, {}, '401 ERR_MAC_TIMESTAMP_AHEAD'],
    ['of an ext that is refused', now - 1000, { ext: 'bad' }, '401 ERR_MAC_EXT'],
  ]
  test.each(wrong)('%s', async (_, ts, signing, told) => {
    const clockOffset = { maxSeconds: 3600 }
    const { send, offset } = await start({ clockOffset, ext: (ext) => ext !== 'bad' })
    expect(await send(ts, signing)).toBe(told)
    expect(await offset()).toBeNull()
  })

  test('of a revoked or an expired credential', async () => {
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

test('the bound itself can be learned', async () => {
  for (const difference of [3600, -3600]) {
    const { send, offset } = await start()
    expect(await send(now - difference)).toBe('200')
    expect(await offset()).toBe(difference)
  }
})

test('it is kept with the credential, over a restart', async () => {
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

test('one that was learned under a larger bound counts no longer', async () => {
  using folder = temporaryFolder()
  const database = `sqlite:${folder.path('mac.db')}`
  const before = await start({ database, clockOffset: { maxSeconds: 3600 } })
  await before.send(now - 1000)
  await before.mac.close()
  for (const clockOffset of [{ maxSeconds: 999 }, false as const]) {
    const { mac, send } = await start({ database, clockOffset })
    expect(await send(now - 1000)).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    expect(await send(now)).toBe('200')
    await mac.close()
  }
  const same = await start({ database, clockOffset: { maxSeconds: 1000 } })
  expect(await same.send(now - 1000)).toBe('200')
  await same.mac.close()
})

test('it can be reset, and is learned anew', async () => {
  const { mac, send, offset } = await start()
  await send(now - 1000)
  await mac.resetClockOffset(KEY.id)
  expect(await offset()).toBeNull()
  expect(await send(now + 500)).toBe('200')
  expect(await offset()).toBe(-500)
  const unknown = mac.resetClockOffset('nobody')
  await expect(unknown).rejects.toMatchObject({ code: 'ERR_MAC_CREDENTIAL_UNKNOWN' })
})

describe('two first requests at once', () => {
  test('that agree are both let in, and one of them teaches', async () => {
    const { send, offset } = await start()
    expect(await Promise.all([send(now - 1000), send(now - 1100)])).toEqual(['200', '200'])
    expect([1000, 1100]).toContain((await offset()) ?? 0)
  })

  test('that disagree: one is let in and teaches, the other is judged by it', async () => {
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
