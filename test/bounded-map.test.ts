import fc from 'fast-check'
import { BoundedMap } from '../src/bounded-map.ts'
import { FixedWindowCounter } from '../src/limits/counter.ts'
import { RequestLimit } from '../src/limits/limits.ts'
import { parseAuthority } from '../src/protocol/host.ts'
import { CredentialCache, credentialKeys } from '../src/server/credential-cache.ts'
import type { StoredCredential } from '../src/store/types.ts'
import { TrafficCounters } from '../src/store/usage/traffic-counters.ts'
import { FailureCounts, UsageCounters } from '../src/store/usage/usage-counters.ts'
import { describe, expect, test } from './support/runner.ts'
import { systemTime } from './support/system-time.ts'

/** An operation on the map in the property below. */
type Step = readonly ['set' | 'get' | 'peek' | 'delete', number]

/** The model: the values that were set and not deleted, and the used keys, the latest last. */
class Model {
  #used: number[] = []
  readonly values = new Map<number, number>()

  use(key: number): void {
    this.#used = [...this.#used.filter((other) => other !== key), key]
  }

  /** @returns The keys that were used last, without the deleted ones. */
  usedLast(count: number): readonly number[] {
    return this.#used.slice(-count).filter((key) => this.values.has(key))
  }
}

describe('a bounded map', () => {
  test('never exceeds its bound, keeps the half that was used last, and never returns a wrong value', () => {
    const key = fc.nat(9)
    const step = fc.tuple(fc.constantFrom('set', 'set', 'get', 'peek', 'delete'), key)
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.array(step, { maxLength: 200, size: 'max' }),
        obeys,
      ),
      { numRuns: 500 },
    )
  })

  test('iterates over each entry once', () => {
    const map = new BoundedMap<string, number>(4)
    for (const [at, name] of ['a', 'b', 'c', 'b', 'a'].entries()) map.set(name, at)
    expect([...map].sort()).toEqual([
      ['a', 4],
      ['b', 3],
      ['c', 2],
    ])
    expect(map.size).toBe(3)
  })

  test('keeps an entry that is read with get, but not because of peek or has', () => {
    const map = new BoundedMap<string, number>(4)
    map.set('read', 1)
    map.set('peeked', 1)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      map.set(name, 1)
      map.get('read')
      map.peek('peeked')
      map.has('peeked')
    }
    expect([map.has('read'), map.has('peeked')]).toEqual([true, false])
  })

  test('drops entries that have ended when another is set, and no others', () => {
    using time = systemTime()
    const map = new BoundedMap<string, number>(100, (end) => end)
    const inSeconds = (seconds: number) => Date.now() + seconds * 1000
    map.set('a', inSeconds(10))
    map.set('b', inSeconds(10))
    time.advance(10)
    map.set('c', inSeconds(100))
    expect([...map].map(([name]) => name)).toEqual(['c'])
    map.set('d', inSeconds(10))
    map.set('e', inSeconds(10))
    time.advance(50)
    map.set('f', inSeconds(10))
    expect(map.has('c')).toBe(true)
    time.advance(60)
    map.set('g', inSeconds(10))
    expect(map.size).toBe(1)
  })
})

function obeys(most: number, steps: readonly Step[]): void {
  const map = new BoundedMap<number, number>(most)
  const model = new Model()
  for (const [at, [what, key]] of steps.entries()) {
    if (what === 'set') {
      map.set(key, at)
      model.values.set(key, at)
      model.use(key)
    } else if (what === 'delete') {
      map.delete(key)
      model.values.delete(key)
    } else {
      const value = what === 'get' ? map.get(key) : map.peek(key)
      if (value !== undefined) expect(value).toBe(model.values.get(key) as number)
      if (value !== undefined && what === 'get') model.use(key)
      expect(map.has(key)).toBe(value !== undefined)
    }
    if (what === 'delete') expect(map.has(key)).toBe(false)
    expect(map.size).toBeLessThanOrEqual(most)
    expect([...map]).toHaveLength(map.size)
    for (const last of model.usedLast(Math.floor(most / 2))) {
      expect(map.peek(last)).toBe(model.values.get(last) as number)
    }
  }
}

/** @returns How many elements `work` reads from iterators of Maps and Sets. */
function iterated(work: () => void): number {
  const kinds = [new Map().entries(), new Set().values()].map(Object.getPrototypeOf)
  const own = kinds.map(({ next }) => next)
  let steps = 0
  for (const [at, kind] of kinds.entries()) {
    kind.next = function (this: unknown) {
      steps++
      return own[at].call(this)
    }
  }
  try {
    work()
  } finally {
    for (const [at, kind] of kinds.entries()) kind.next = own[at]
  }
  return steps
}

describe('a full table makes room without a search for its oldest entry:', () => {
  test('(the test would see such a search)', () => {
    const map = new Map([['a', 1]])
    const first = () => map.keys().next()
    expect(iterated(first)).toBe(1)
    expect(iterated(() => [...new Set([1])])).toBeGreaterThan(0)
  })

  const minute = { requests: 10, seconds: 60 }
  const counter = new FixedWindowCounter('failures', null, 1000)
  const requests = new RequestLimit(minute, null)
  const cache = new CredentialCache()
  const counters = new UsageCounters()
  const failures = new FailureCounts()
  const traffic = new TrafficCounters()
  const credential = (id: string) =>
    ({ id, key: 'k', algorithm: 'hmac-sha-1', keyNumber: 1 }) as StoredCredential
  const tables: readonly (readonly [string, number, (name: string) => void])[] = [
    ['fixed-window counts', 1000, (name) => void counter.countHere(name, minute)],
    ['credentials that are read again', 1000, (id) => requests.shouldLookUp(credential(id))],
    ['cached credentials', 20_000, (id) => cache.keep(credentialKeys(credential(id), 1))],
    ['hosts', 512, (name) => void parseAuthority(`${name}.example`, 'https')],
    [
      'uses of keys',
      100_000,
      (id) =>
        counters.committed([], [], {
          ...{ uses: [{ credential: id, keyNumber: 1, used: 1 }], failures: [], traffic: [] },
        }),
    ],
    ['failures of credentials', 20_000, (id) => failures.count(id, 1_700_000_000, true)],
    ['traffic of credentials', 4096, (id) => traffic.countOf(id, 'accepted', 1_700_000_000)],
    ['rejections', 4096, (id) => traffic.countNamed(id, 'ERR_MAC_MISMATCH', 1_700_000_000, true)],
  ]
  test.each(tables)('%s', (_, most, add) => {
    const from = (first: number, count: number) => {
      for (let at = first; at < first + count; at++) add(`n${at}`)
    }
    // A use of a key iterates over the key numbers of its credential, in an empty table too.
    const empty = iterated(() => from(0, 200))
    from(200, 2 * most)
    expect(iterated(() => from(3 * most, 200))).toBe(empty)
  })
})
