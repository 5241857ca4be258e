import fc from 'fast-check'
import type { Store, TrafficCount } from '../../src/store/types.ts'
import { TrafficCounters } from '../../src/store/usage/traffic-counters.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { NOW } from './contract-time.ts'

const MINUTE = 60
const HOUR = 3600
const DAY = 24 * HOUR

/** Makes counts comparable: one line for each. */
export function lines(counts: readonly TrafficCount[]): string[] {
  return counts.map(({ start, unit, code, count }) => `${start} ${unit} ${code} ${count}`).sort()
}

type Event = { readonly at: number; readonly code: string }

/** Computes the expected traffic in the simplest way. */
export function expected(events: readonly Event[], now: number): string[] {
  const counts: TrafficCount[] = []
  for (const [unit, seconds, most] of [
    ['minute', MINUTE, 60],
    ['hour', HOUR, 24],
  ] as const) {
    const last = Math.floor(now / seconds)
    for (let period = last - most + 1; period <= last; period++) {
      const inPeriod = events.filter(({ at }) => Math.floor(at / seconds) === period)
      for (const code of new Set(inPeriod.map((event) => event.code))) {
        const count = inPeriod.filter((event) => event.code === code).length
        counts.push({ start: period * seconds, unit, code, count })
      }
    }
  }
  return lines(counts)
}

/** The tests of traffic that every `Store` must pass. */
export function trafficContract(open: (traffic: TrafficCounters) => Promise<Store>): void {
  let count = 0

  async function opened(...ids: readonly string[]) {
    const traffic = new TrafficCounters()
    const store = await open(traffic)
    for (const id of ids) await store.credentials.insert(stored(id))
    return {
      ...{ store, traffic },
      /** Records a nonce, with which counts are written that are due. */
      async record(now: number) {
        await store.nonces.record({
          ...{ timestamp: NOW, credential: 'ada', keyNumber: 1, nonce: `n${count++}`, now },
        })
        // A store may write counts after the nonce. To read them waits for that.
        await store.traffic(now, null)
      },
      accept(credential: string, now: number) {
        traffic.count('accepted', now)
        traffic.countOf(credential, 'accepted', now)
      },
      read: async (credential: string | null, now = NOW) =>
        lines(await store.traffic(now, credential)),
    }
  }

  test('there is no traffic before the first request', async () => {
    const { read } = await opened('ada')
    expect(await read(null)).toEqual([])
    expect(await read('ada')).toEqual([])
  })

  test('requests are counted by code, for all and for each credential, before and after a write', async () => {
    const { traffic, read, record, accept } = await opened('ada', 'eve')
    accept('ada', NOW)
    accept('ada', NOW + 1)
    accept('eve', NOW + 61)
    traffic.count('ERR_MAC_MISMATCH', NOW)
    traffic.countNamed('ada', 'ERR_MAC_MISMATCH', NOW, true)
    traffic.count('ERR_MAC_MISSING', NOW)
    const accepted = [NOW, NOW + 1].map((at) => ({ at, code: 'accepted' }))
    const mismatch = { at: NOW, code: 'ERR_MAC_MISMATCH' }
    const last = { at: NOW + 61, code: 'accepted' }
    const missing = { at: NOW, code: 'ERR_MAC_MISSING' }
    const now = NOW + 61
    for (const write of [false, true, true]) {
      if (write) await record(now)
      expect(await read(null, now)).toEqual(expected([...accepted, mismatch, missing, last], now))
      expect(await read('ada', now)).toEqual(expected([...accepted, mismatch], now))
      expect(await read('eve', now)).toEqual(expected([last], now))
    }
  })

  test('the minutes of the last hour and the hours of the last day are returned, and no others', async () => {
    const { store, read, record, accept } = await opened('ada')
    const events: Event[] = []
    for (let at = NOW - 26 * HOUR; at <= NOW; at += 600) {
      accept('ada', at)
      events.push({ at, code: 'accepted' })
      await record(at)
    }
    for (const now of [NOW, NOW + 59, NOW + 60, NOW + HOUR, NOW + DAY - 1, NOW + DAY]) {
      expect(await read(null, now)).toEqual(expected(events, now))
      expect(await read('ada', now)).toEqual(expected(events, now))
    }
    expect(await read(null, NOW + DAY)).toEqual([])
    const starts = (await store.traffic(NOW - HOUR, null)).map(({ start }) => start)
    expect(Math.max(...starts)).toBe(NOW - HOUR)
  })

  test('requests that name no credential, or one that does not exist, count for all only', async () => {
    const { traffic, read, record } = await opened('ada')
    traffic.count('ERR_MAC_UNKNOWN_IDENTIFIER', NOW)
    traffic.countNamed('nobody', 'ERR_MAC_UNKNOWN_IDENTIFIER', NOW, false)
    expect(await read('nobody')).toEqual([])
    // Deleted since it was looked up.
    traffic.count('ERR_MAC_MISMATCH', NOW)
    traffic.countNamed('gone', 'ERR_MAC_MISMATCH', NOW, true)
    await record(NOW)
    expect(await read('nobody')).toEqual([])
    expect(await read('gone')).toEqual([])
    expect(await read('')).toEqual([])
    expect(await read(null)).toHaveLength(4)
  })

  test('a new credential does not inherit the traffic of a deleted one with its identifier', async () => {
    const { store, traffic, read, record, accept } = await opened('ada', 'eve')
    accept('eve', NOW)
    await record(NOW)
    expect(await read('eve')).toHaveLength(2)
    accept('eve', NOW)
    traffic.countNamed('eve', 'ERR_MAC_MISMATCH', NOW, true)
    await store.credentials.remove('eve', NOW)
    await store.credentials.insert(stored('eve'))
    expect(await read('eve')).toEqual([])
    await record(NOW + 60)
    expect(await read('eve', NOW + 60)).toEqual([])
    expect((await store.traffic(NOW, null)).map((each) => each.count)).toEqual([2, 2])
  })

  test('whatever is counted and written, the traffic is what a simple count says', async () => {
    const code = fc.constantFrom('accepted', 'ERR_MAC_MISMATCH', 'ERR_MAC_REPLAY')
    const id = fc.constantFrom('ada', 'eve', null)
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('count' as const), code, id }) },
      fc.record({ kind: fc.constant('write' as const) }),
      fc.record({
        kind: fc.constant('wait' as const),
        seconds: fc.oneof(fc.integer({ min: 0, max: 130 }), fc.integer({ min: 0, max: 5000 })),
      }),
    )
    const { traffic, read, record } = await opened('ada', 'eve')
    let now = NOW
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      // Two days after the last time, nothing of what was counted then is returned.
      now += 2 * DAY
      const events: (Event & { readonly id: string | null })[] = []
      for (const each of steps) {
        if (each.kind === 'wait') now += each.seconds
        else if (each.kind === 'write') await record(now)
        else {
          traffic.count(each.code, now)
          if (each.id !== null) traffic.countOf(each.id, each.code, now)
          events.push({ at: now, code: each.code, id: each.id })
        }
      }
      expect(await read(null, now)).toEqual(expected(events, now))
      for (const one of ['ada', 'eve']) {
        const own = events.filter((event) => event.id === one)
        expect(await read(one, now)).toEqual(expected(own, now))
      }
    })
    await fc.assert(property, { numRuns: 25 })
  }, 180_000)
}
