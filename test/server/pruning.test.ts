import { Clock } from '../support/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { nonceRows } from '../support/nonce-rows.ts'
import { describe, expect, test } from '../support/runner.ts'
import { serverOnFile } from '../support/server-on-file.ts'

describe('a nonce', () => {
  test('is kept until its timestamp has left the window, and not longer', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const { mac, send } = await serverOnFile(path, clock)
    const start = clock.seconds
    expect(await send(start, 'first')).toBe('200')
    clock.seconds = start + 300
    expect(await send(clock.seconds, 'second')).toBe('200')
    expect(await nonceRows(path)).toBe(2)
    expect(await send(start, 'first')).toBe('401 ERR_MAC_REPLAY')
    clock.seconds = start + 301
    expect(await send(clock.seconds, 'third')).toBe('200')
    expect(await nonceRows(path)).toBe(2)
    expect(await send(start, 'first')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
    await mac.close()
  })

  test('with a timestamp ahead of the clock is kept for twice the window', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const { mac, send } = await serverOnFile(path, clock)
    const ahead = clock.seconds + 300
    expect(await send(ahead, 'ahead')).toBe('200')
    clock.seconds = ahead + 300
    expect(await mac.prune()).toBe(0)
    expect(await send(ahead, 'ahead')).toBe('401 ERR_MAC_REPLAY')
    clock.seconds++
    expect(await mac.prune()).toBe(1)
    expect(await nonceRows(path)).toBe(0)
    await mac.close()
  })

  test('is kept longer if clock offsets can be learned', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const options = { windowSeconds: 10, clockOffset: { maxSeconds: 100 } }
    const { mac, send } = await serverOnFile(path, clock, options)
    expect(await send(clock.seconds, 'first')).toBe('200')
    clock.seconds += 110
    expect(await mac.prune()).toBe(0)
    clock.seconds++
    expect(await mac.prune()).toBe(1)
    await mac.close()
  })
})

describe('many old nonces', () => {
  const MANY = 600

  test('are all removed by prune, which returns how many', async () => {
    using folder = temporaryFolder()
    const clock = new Clock()
    const { mac, send } = await serverOnFile(folder.path('mac.db'), clock)
    for (let at = 0; at < MANY; at++) await send(clock.seconds - (at % 7), `n${at}`)
    expect(await mac.prune()).toBe(0)
    clock.seconds += 301
    expect(await mac.prune()).toBe(MANY)
    expect(await mac.prune()).toBe(0)
    expect(await nonceRows(folder.path('mac.db'))).toBe(0)
    await mac.close()
  })

  test('are removed by normal requests, a part at a time', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const { mac, send } = await serverOnFile(path, clock)
    for (let at = 0; at < MANY; at++) await send(clock.seconds, `n${at}`)
    clock.seconds += 301
    await send(clock.seconds, 'later')
    expect(await nonceRows(path)).toBeLessThan(MANY)
    expect(await nonceRows(path)).toBeGreaterThan(1)
    for (let at = 0; at < 3; at++) {
      clock.seconds++
      await send(clock.seconds, `later${at}`)
    }
    expect(await nonceRows(path)).toBe(4)
    await mac.close()
  })

  test('are removed faster than new ones are added, also within one second', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    const clock = new Clock()
    const { mac, send } = await serverOnFile(path, clock)
    for (let at = 0; at < MANY; at++) await send(clock.seconds, `n${at}`)
    clock.seconds += 301
    for (let at = 0; at < 200; at++) await send(clock.seconds, `later${at}`)
    expect(await nonceRows(path)).toBe(200)
    await mac.close()
  })
})

test('a rejected request removes no nonces', async () => {
  using folder = temporaryFolder()
  const path = folder.path('mac.db')
  const clock = new Clock()
  const { mac, send } = await serverOnFile(path, clock)
  const start = clock.seconds
  await send(start, 'first')
  clock.seconds += 1000
  expect(await send(start, 'second')).toBe('401 ERR_MAC_TIMESTAMP_STALE')
  expect(await nonceRows(path)).toBe(1)
  await mac.close()
})
