import fc from 'fast-check'
import { type Fingerprint, Fingerprints } from '../../src/store/fingerprints.ts'
import { expect, test } from '../support/runner.ts'

/** Generates pseudorandom fingerprints. */
function* fingerprints(): Generator<Fingerprint> {
  let [one, other] = [12_345, 67_890]
  for (;;) {
    for (const shift of [13, -17, 5]) {
      one ^= shift > 0 ? one << shift : one >>> -shift
      other ^= shift > 0 ? other << shift : other >>> -shift
    }
    yield { high: one >>> 0, low: other >>> 0 }
  }
}

function next(source: Generator<Fingerprint>): Fingerprint {
  return source.next().value as Fingerprint
}

test('fingerprints behave like a set: each is there from its addition until it is dropped', () => {
  // Few different values, zeros among them, so that many are equal.
  const word = fc.constantFrom(0, 1, 2, 2 ** 31, 2 ** 32 - 1)
  const action = fc.oneof(
    { weight: 8, arbitrary: fc.record({ add: fc.nat(200), high: word, low: word }) },
    { weight: 1, arbitrary: fc.record({ dropBelow: fc.nat(200) }) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const memory = new Fingerprints()
      const model = new Set<string>()
      for (const each of actions) {
        if ('add' in each) {
          const { add, high, low } = each
          memory.add(add, { high, low })
          // A fingerprint of two zeros is kept as another one, which may also be added.
          model.add(`${Math.floor(add / 32)} ${high === 0 && low === 0 ? 1 : high} ${low}`)
        } else {
          memory.dropBelow(each.dropBelow)
          for (const name of model) {
            if ((Number(name.split(' ')[0]) + 1) * 32 <= each.dropBelow) model.delete(name)
          }
        }
      }
      expect(memory.size).toBe(model.size)
      for (const each of actions) {
        if (!('add' in each)) continue
        const { add, high, low } = each
        const name = `${Math.floor(add / 32)} ${high === 0 && low === 0 ? 1 : high} ${low}`
        expect(memory.has(add, { high, low })).toBe(model.has(name))
      }
    }),
  )
})

test('a hundred thousand fingerprints are all found, and no other', () => {
  const memory = new Fingerprints()
  const source = fingerprints()
  const added = Array.from({ length: 100_000 }, () => next(source))
  for (const each of added) expect(memory.add(64, each)).toBeNull()
  expect(memory.size).toBe(100_000)
  for (const each of added) if (!memory.has(64, each)) throw new Error('one is lost')
  for (let time = 0; time < 100_000; time++) {
    if (memory.has(64, next(source))) throw new Error('one is there that was not added')
  }
  // They are not found with a timestamp far away.
  expect(added.filter((each) => memory.has(128, each))).toEqual([])
})

test('a fingerprint takes at most 20 bytes, however many there are', () => {
  for (const count of [1000, 10_000, 100_000, 139_000, 300_000]) {
    const memory = new Fingerprints()
    const source = fingerprints()
    for (let time = 0; time < count; time++) memory.add(0, next(source))
    expect(memory.bytes / count).toBeLessThanOrEqual(20)
  }
})

test('with too many fingerprints, the earliest are dropped, and add returns the earliest timestamp left', () => {
  const memory = new Fingerprints(1000)
  const source = fingerprints()
  const floors = new Set<number>()
  for (let time = 0; time < 3000; time++) {
    const floor = memory.add(Math.floor(time / 3), next(source))
    if (floor !== null) floors.add(floor)
    expect(memory.size).toBeLessThanOrEqual(1000)
  }
  // A slice of 32 seconds is dropped at a time, and each only once.
  expect([...floors]).toEqual(Array.from({ length: floors.size }, (_, at) => (at + 1) * 32))
  expect(floors.size).toBeGreaterThan(10)
})

test('if all fingerprints have the same timestamp, all are dropped, so that the bound always holds', () => {
  const memory = new Fingerprints(100)
  const source = fingerprints()
  for (let time = 0; time < 100; time++) expect(memory.add(320, next(source))).toBeNull()
  expect(memory.add(320, next(source))).toBe(352)
  expect(memory.size).toBe(0)
})
