import type { NonceStore, NonceVerdict, Store } from '../../src/store/types.ts'
import { expect, test } from '../support/runner.ts'

const NOW = 1_700_000_000
const ALL = 1000

interface Simply extends Pick<NonceStore, 'prune'> {
  record(timestamp: number, credential: string, nonce: string): Promise<NonceVerdict>
}

/** A store of which the verdicts alone are looked at. */
function simply(store: NonceStore): Simply {
  return {
    prune: (...given) => store.prune(...given),
    record: async (timestamp, credential, nonce) =>
      (await store.record({ timestamp, credential, keyNumber: 1, nonce, now: NOW })).verdict,
  }
}

/** What every `NonceStore` has to do. */
export function nonceContract(open: () => Promise<Store>): void {
  const opened = async () => simply((await open()).nonces)

  test('a nonce is new once, and seen from then on', async () => {
    const store = await opened()
    expect(await store.record(NOW, 'ada', 'n')).toBe('new')
    expect(await store.record(NOW, 'ada', 'n')).toBe('seen')
    expect(await store.record(NOW, 'ada', 'n')).toBe('seen')
  })

  test('it is told apart by timestamp, credential, and every character and its case', async () => {
    const store = await opened()
    await store.record(NOW, 'ada', 'n')
    expect(await store.record(NOW + 1, 'ada', 'n')).toBe('new')
    expect(await store.record(NOW, 'eve', 'n')).toBe('new')
    expect(await store.record(NOW, 'ad', 'an')).toBe('new')
    for (const nonce of ['N', 'n ', ' n', '0', '00', "' or 1=1 --"]) {
      expect(await store.record(NOW, 'ada', nonce)).toBe('new')
      expect(await store.record(NOW, 'ada', nonce)).toBe('seen')
    }
  })

  test('of many copies at once exactly one is new', async () => {
    const store = await opened()
    const copies = Array.from({ length: 64 }, () => store.record(NOW, 'ada', 'n'))
    const verdicts = await Promise.all(copies)
    expect(verdicts.filter((verdict) => verdict === 'new')).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict === 'seen')).toHaveLength(63)
  })

  test('the same text of many credentials at once is told apart', async () => {
    const store = await opened()
    const send = (names: readonly number[]) =>
      Promise.all(names.map((at) => store.record(NOW + (at % 2), `id-${at}`, 'n')))
    expect(new Set(await send([3, 70, 71, 150]))).toEqual(new Set(['new']))
    const verdicts = await send(Array.from({ length: 200 }, (_, at) => at))
    const seen = verdicts.flatMap((verdict, at) => (verdict === 'seen' ? [at] : []))
    expect(seen).toEqual([3, 70, 71, 150])
    expect(new Set(verdicts)).toEqual(new Set(['new', 'seen']))
  })

  test('prune removes what lies below the floor, and not what lies at it', async () => {
    const store = await opened()
    for (const age of [302, 301, 300, 0, -300]) await store.record(NOW - age, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(2)
    expect(await store.prune(NOW, 300, ALL)).toBe(0)
    for (const age of [300, 0, -300]) expect(await store.record(NOW - age, 'ada', 'n')).toBe('seen')
  })

  test('below the floor nothing is new', async () => {
    const store = await opened()
    await store.record(NOW - 301, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(1)
    expect(await store.record(NOW - 301, 'ada', 'n')).not.toBe('new')
    expect(await store.record(NOW - 301, 'ada', 'another')).toBe('forgotten')
    expect(await store.record(NOW - 300, 'ada', 'n')).toBe('new')
  })

  test('the floor never sinks, whatever the clock does', async () => {
    const store = await opened()
    await store.record(NOW - 301, 'ada', 'n')
    await store.prune(NOW, 300, ALL)
    await store.record(NOW - 5000, 'ada', 'old')
    await store.prune(NOW - 4000, 300, ALL)
    expect(await store.record(NOW - 301, 'ada', 'n')).not.toBe('new')
  })

  test('prune removes up to its limit, the oldest first', async () => {
    const store = await opened()
    for (const name of ['a', 'b', 'c']) await store.record(NOW - 311, name, 'n')
    for (let age = 310; age >= 301; age--) await store.record(NOW - age, 'ada', 'n')
    expect(await store.prune(NOW, 300, 5)).toBe(5)
    expect(await store.record(NOW - 308, 'ada', 'n')).toBe('seen')
    expect(await store.prune(NOW, 300, 5)).toBe(5)
    expect(await store.prune(NOW, 300, 5)).toBe(3)
    expect(await store.prune(NOW, 300, 5)).toBe(0)
  })

  test('whoever keeps nonces longest has its way while it is at work', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.record(NOW - 1000, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(0)
    expect(await store.record(NOW - 1000, 'ada', 'n')).toBe('seen')
    expect(await store.prune(NOW + 3600, 300, ALL)).toBe(1)
  })

  test('whoever kept them longest and was silent for as long does not count', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.record(NOW + 3000, 'ada', 'n')
    expect(await store.prune(NOW + 3600, 300, ALL)).toBe(0)
    expect(await store.prune(NOW + 3601, 300, ALL)).toBe(1)
    expect(await store.record(NOW + 3000, 'ada', 'n')).not.toBe('new')
  })

  test('whoever keeps them longest and stays at work goes on to have its way', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.prune(NOW + 3000, 3600, ALL)
    await store.record(NOW + 2000, 'ada', 'n')
    expect(await store.prune(NOW + 4000, 300, ALL)).toBe(0)
    expect(await store.record(NOW + 2000, 'ada', 'n')).toBe('seen')
  })

  test('work that a clock put into the future does not count', async () => {
    const store = await opened()
    await store.prune(NOW + 100_000, 3600, ALL)
    await store.record(NOW - 1000, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(1)
    expect(await store.record(NOW - 1000, 'ada', 'n')).not.toBe('new')
  })

  test('records and prunes at once go together', async () => {
    const store = await opened()
    const work = Array.from({ length: 64 }, (_, at) => [
      store.record(NOW - 301 - at, 'ada', 'old'),
      store.record(NOW, 'ada', `new-${at}`),
      store.prune(NOW, 300, 8),
    ])
    await Promise.all(work.flat())
    const left = await store.prune(NOW, 300, ALL)
    expect(left).toBeLessThanOrEqual(64)
    for (let at = 0; at < 64; at++) {
      expect(await store.record(NOW, 'ada', `new-${at}`)).toBe('seen')
    }
  })
}
