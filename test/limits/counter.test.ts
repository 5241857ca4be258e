import { FixedWindowCounter } from '../../src/limits/counter.ts'
import { optionalPackage } from '../../src/optional-package.ts'
import { limited } from '../support/limited.ts'
import { describe, expect, test } from '../support/runner.ts'
import { systemTime } from '../support/system-time.ts'

const ONE = { requests: 1, seconds: 60 }

test('the first count opens a window, which ends when its time is over', async () => {
  using time = systemTime()
  const counter = new FixedWindowCounter('failures', null, 10)
  const start = Date.now()
  expect(await counter.count('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
  time.advance(59)
  expect(await counter.count('a', ONE)).toEqual({ used: 2, resetAt: start + 60_000 })
  time.advance(1)
  expect(counter.exhausted('a', ONE)).toBe(null)
  expect(await counter.count('a', ONE)).toEqual({ used: 1, resetAt: start + 120_000 })
})

test('with too many counts, the oldest ones are dropped', async () => {
  const counter = new FixedWindowCounter('failures', null, 10)
  for (let at = 0; at < 25; at++) await counter.count(`address ${at}`, ONE)
  expect((await counter.count('address 14', ONE)).used).toBe(1)
  expect((await counter.count('address 24', ONE)).used).toBe(2)
})

test('an exhausted address stays exhausted while it comes back, however many other addresses come', async () => {
  const counter = new FixedWindowCounter('failures', null, 10)
  await counter.count('flooder', ONE)
  for (let at = 0; at < 100; at++) {
    await counter.count(`address ${at}`, ONE)
    if (at % 4 === 0) expect(counter.exhausted('flooder', ONE)).not.toBe(null)
  }
  expect((await counter.count('flooder', ONE)).used).toBe(2)
})

test('count takes effect at once, before the shared store has answered', async () => {
  let answer = (_: number) => {}
  const add = () =>
    new Promise<{ used: number; resetAt: number }>((resolve) => {
      answer = (used) => resolve({ used, resetAt: Date.now() + 60_000 })
    })
  const counter = new FixedWindowCounter('failures', { add }, 10)
  const three = { requests: 3, seconds: 60 }
  const taken = counter.count('a', three)
  expect(counter.left('a', three)).toBe(2)
  answer(3)
  expect((await taken).used).toBe(3)
  expect(counter.left('a', three)).toBe(0)
})

test('limits with different lengths have separate counts, and limits with different sizes share one', async () => {
  const counter = new FixedWindowCounter('requests', null, 10)
  await counter.count('a', ONE)
  expect(counter.exhausted('a', ONE)).not.toBe(null)
  expect(counter.exhausted('a', { requests: 1, seconds: 61 })).toBe(null)
  expect(counter.exhausted('a', { requests: 2, seconds: 60 })).toBe(null)
})

test('the error for a missing package of a store says what to install', async () => {
  const missing = optionalPackage('no-package-of-this-name', 'the store of rateLimit')
  await expect(missing).rejects.toThrow(TypeError)
  await expect(missing).rejects.toThrow('npm install no-package-of-this-name')
})

describe('if the system’s clock was set back', () => {
  test('no client must wait longer than a window', async () => {
    using time = systemTime()
    const counter = new FixedWindowCounter('failures', null, 10)
    await counter.count('a', ONE)
    time.advance(-3600)
    const start = Date.now()
    expect(counter.exhausted('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
    time.advance(20)
    expect(counter.exhausted('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
    expect((await counter.count('a', ONE)).resetAt).toBeLessThanOrEqual(start + 80_000)
    time.advance(60)
    expect(counter.exhausted('a', ONE)).toBe(null)
  })

  test('the header fields say at most a window', async () => {
    using time = systemTime()
    const { mac, answer } = limited({ rateLimit: { requests: { requests: 2, seconds: 60 } } })
    const ada = await mac.createCredential('ada')
    const fields = async () => {
      const ts = Math.floor(Date.now() / 1000)
      const { headers } = await answer(ada, undefined, { ts })
      return [headers.get('ratelimit'), headers.get('retry-after')]
    }
    expect(await fields()).toEqual(['"requests";r=1;t=60', null])
    time.advance(-3600)
    expect(await fields()).toEqual(['"requests";r=0;t=60', null])
    expect(await fields()).toEqual(['"requests";r=0;t=60', '60'])
  })
})
