import { createTestMac } from '../../src/testing/index.ts'
import { describe, expect, test } from '../support/runner.ts'

describe('the clock of createTestMac', () => {
  test('shows the second in which it was created, and does not move', async () => {
    const before = Math.floor(Date.now() / 1000)
    const { clock } = await createTestMac()
    const shown = clock.now()
    expect(Number.isInteger(shown)).toBe(true)
    expect(shown).toBeGreaterThanOrEqual(before)
    expect(shown).toBeLessThanOrEqual(Date.now() / 1000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(clock.now()).toBe(shown)
  })

  test('can be advanced and set', async () => {
    const { clock } = await createTestMac({ startsAt: 1_700_000_000 })
    const { now } = clock
    clock.advance(300)
    expect(now()).toBe(1_700_000_300)
    clock.advance(-600)
    expect(now()).toBe(1_699_999_700)
    clock.set(1_800_000_000)
    expect(now()).toBe(1_800_000_000)
    clock.set(new Date('2030-01-01T00:00:00Z'))
    expect(now()).toBe(1_893_456_000)
  })

  test('starts at startsAt', async () => {
    const { clock } = await createTestMac({ startsAt: new Date('2030-01-01T00:00:00Z') })
    expect(clock.now()).toBe(1_893_456_000)
  })

  const wrong = [Number.NaN, Number.POSITIVE_INFINITY, 1_700_000_000_000, new Date('x'), '5']
  test.each(wrong)('cannot be set to %p', async (time) => {
    const { clock } = await createTestMac({ startsAt: 5 })
    expect(() => clock.set(time as number)).toThrow(TypeError)
    expect(() => clock.advance(time as number)).toThrow(TypeError)
    expect(clock.now()).toBe(5)
    await expect(createTestMac({ startsAt: time as number })).rejects.toThrow(TypeError)
  })
})
