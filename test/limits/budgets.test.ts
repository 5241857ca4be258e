import { Budgets } from '../../src/limits/budgets.ts'
import { MemoryCounter } from '../../src/limits/memory-counter.ts'
import { optionalPackage } from '../../src/limits/optional-package.ts'
import { limited } from '../support/limited.ts'
import { describe, expect, test } from '../support/runner.ts'
import { systemTime } from '../support/system-time.ts'

const ONE = { requests: 1, seconds: 60 }

test('a window is opened by its first use, and ends when its time is over', async () => {
  using time = systemTime()
  const budgets = new Budgets('failures', new MemoryCounter(), 10)
  const start = Date.now()
  expect(await budgets.take('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
  time.advance(59)
  expect(await budgets.take('a', ONE)).toEqual({ used: 2, resetAt: start + 60_000 })
  time.advance(1)
  expect(budgets.spent('a', ONE)).toBe(null)
  expect(await budgets.take('a', ONE)).toEqual({ used: 1, resetAt: start + 120_000 })
})

test('of more than it may know, those whose windows are the oldest are forgotten', async () => {
  const counter = new MemoryCounter()
  const budgets = new Budgets('failures', counter, 10)
  for (let at = 0; at < 25; at++) await budgets.take(`address ${at}`, ONE)
  const spent = (at: number) => budgets.spent(`address ${at}`, ONE) !== null
  expect(Array.from({ length: 25 }, (_, at) => at).filter(spent)).toEqual([
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
  ])
  // Where they are counted as well: else the memory would grow with the number of strangers.
  expect((await budgets.take('address 3', ONE)).used).toBe(1)
  expect((await budgets.take('address 24', ONE)).used).toBe(2)
})

test('of windows that are over nothing is kept', async () => {
  using time = systemTime()
  const forgotten: string[] = []
  const counter = new MemoryCounter()
  const forget = counter.forget.bind(counter)
  counter.forget = (key) => {
    forgotten.push(key)
    forget(key)
  }
  const budgets = new Budgets('failures', counter, 10)
  await budgets.take('a', ONE)
  await budgets.take('b', ONE)
  time.advance(60)
  await budgets.take('c', ONE)
  expect(forgotten).toEqual(['failures:60:a', 'failures:60:b'])
})

test('a limit of another length is another budget, and one of another size is the same', async () => {
  const budgets = new Budgets('requests', new MemoryCounter(), 10)
  await budgets.take('a', ONE)
  expect(budgets.spent('a', ONE)).not.toBe(null)
  expect(budgets.spent('a', { requests: 1, seconds: 61 })).toBe(null)
  expect(budgets.spent('a', { requests: 2, seconds: 60 })).toBe(null)
})

test('a package that a store needs and that is not there: it is said what to install', async () => {
  const missing = optionalPackage('no-package-of-this-name')
  await expect(missing).rejects.toThrow(TypeError)
  await expect(missing).rejects.toThrow('npm install no-package-of-this-name')
})

describe('where the system’s clock was set back', () => {
  test('nobody is told to wait for longer than a window, nor has to', async () => {
    using time = systemTime()
    const budgets = new Budgets('failures', new MemoryCounter(), 10)
    await budgets.take('a', ONE)
    time.advance(-3600)
    const start = Date.now()
    expect(budgets.spent('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
    time.advance(20)
    expect(budgets.spent('a', ONE)).toEqual({ used: 1, resetAt: start + 60_000 })
    expect((await budgets.take('a', ONE)).resetAt).toBeLessThanOrEqual(start + 80_000)
    time.advance(60)
    expect(budgets.spent('a', ONE)).toBe(null)
  })

  test('the fields say the same', async () => {
    using time = systemTime()
    const { mac, answer } = limited({ rateLimit: { requests: { requests: 2, seconds: 60 } } })
    const ada = await mac.createCredential('ada')
    const told = async () => {
      const ts = Math.floor(Date.now() / 1000)
      const { headers } = await answer(ada, undefined, { ts })
      return [headers.get('ratelimit'), headers.get('retry-after')]
    }
    expect(await told()).toEqual(['"requests";r=1;t=60', null])
    time.advance(-3600)
    expect(await told()).toEqual(['"requests";r=0;t=60', null])
    expect(await told()).toEqual(['"requests";r=0;t=60', '60'])
  })
})
