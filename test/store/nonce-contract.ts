import type { NonceStore, NonceVerdict, Store } from '../../src/store/types.ts'
import { expect, test } from '../support/runner.ts'
import { NOW } from './contract-time.ts'

const ALL = 1000

interface Simply extends Pick<NonceStore, 'prune'> {
  record(timestamp: number, credential: string, nonce: string): Promise<NonceVerdict>
}

/** Wraps a store so that `record` returns only the verdict. */
function simply(store: NonceStore): Simply {
  return {
    prune: (...given) => store.prune(...given),
    record: async (timestamp, credential, nonce) =>
      (await store.record({ timestamp, credential, keyNumber: 1, nonce, now: NOW })).verdict,
  }
}

/** The tests that every `NonceStore` must pass. */
export function nonceContract(open: () => Promise<Store>): void {
  const opened = async () => simply((await open()).nonces)

  test('a nonce is new once, and seen from then on', async () => {
    const store = await opened()
    expect(await store.record(NOW, 'ada', 'n')).toBe('new')
    expect(await store.record(NOW, 'ada', 'n')).toBe('seen')
    expect(await store.record(NOW, 'ada', 'n')).toBe('seen')
  })

  test('nonces differ by timestamp, credential, and every character, its case included', async () => {
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

  test('exactly one of many simultaneous copies is new', async () => {
    const store = await opened()
    const copies = Array.from({ length: 64 }, () => store.record(NOW, 'ada', 'n'))
    const verdicts = await Promise.all(copies)
    expect(verdicts.filter((verdict) => verdict === 'new')).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict === 'seen')).toHaveLength(63)
  })

  test('simultaneous nonces with the same text differ if their credentials differ', async () => {
    const store = await opened()
    const send = (names: readonly number[]) =>
      Promise.all(names.map((at) => store.record(NOW + (at % 2), `id-${at}`, 'n')))
    expect(new Set(await send([3, 70, 71, 150]))).toEqual(new Set(['new']))
    const verdicts = await send(Array.from({ length: 200 }, (_, at) => at))
    const seen = verdicts.flatMap((verdict, at) => (verdict === 'seen' ? [at] : []))
    expect(seen).toEqual([3, 70, 71, 150])
    expect(new Set(verdicts)).toEqual(new Set(['new', 'seen']))
  })

  test('prune removes nonces below the floor, and not those at the floor', async () => {
    const store = await opened()
    for (const age of [302, 301, 300, 0, -300]) await store.record(NOW - age, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(2)
    expect(await store.prune(NOW, 300, ALL)).toBe(0)
    for (const age of [300, 0, -300]) expect(await store.record(NOW - age, 'ada', 'n')).toBe('seen')
  })

  test('no nonce below the floor is new', async () => {
    const store = await opened()
    await store.record(NOW - 301, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(1)
    expect(await store.record(NOW - 301, 'ada', 'n')).not.toBe('new')
    expect(await store.record(NOW - 301, 'ada', 'another')).toBe('forgotten')
    expect(await store.record(NOW - 300, 'ada', 'n')).toBe('new')
  })

  test('the floor is never lowered, even if the clock is set back', async () => {
    const store = await opened()
    await store.record(NOW - 301, 'ada', 'n')
    await store.prune(NOW, 300, ALL)
    await store.record(NOW - 5000, 'ada', 'old')
    await store.prune(NOW - 4000, 300, ALL)
    expect(await store.record(NOW - 301, 'ada', 'n')).not.toBe('new')
  })

  test('prune removes nonces up to its limit, the oldest first', async () => {
    const store = await opened()
    for (const name of ['a', 'b', 'c']) await store.record(NOW - 311, name, 'n')
    for (let age = 310; age >= 301; age--) await store.record(NOW - age, 'ada', 'n')
    expect(await store.prune(NOW, 300, 5)).toBe(5)
    expect(await store.record(NOW - 308, 'ada', 'n')).toBe('seen')
    expect(await store.prune(NOW, 300, 5)).toBe(5)
    expect(await store.prune(NOW, 300, 5)).toBe(3)
    expect(await store.prune(NOW, 300, 5)).toBe(0)
  })

  test('nonces are kept as long as the process that keeps them longest wants, while it is running', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.record(NOW - 1000, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(0)
    expect(await store.record(NOW - 1000, 'ada', 'n')).toBe('seen')
    expect(await store.prune(NOW + 3600, 300, ALL)).toBe(1)
  })

  test('a process that kept nonces longest no longer counts if it did not prune for that time', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.record(NOW + 3000, 'ada', 'n')
    expect(await store.prune(NOW + 3600, 300, ALL)).toBe(0)
    expect(await store.prune(NOW + 3601, 300, ALL)).toBe(1)
    expect(await store.record(NOW + 3000, 'ada', 'n')).not.toBe('new')
  })

  test('a process that keeps nonces longest counts as long as it continues to prune', async () => {
    const store = await opened()
    await store.prune(NOW, 3600, ALL)
    await store.prune(NOW + 3000, 3600, ALL)
    await store.record(NOW + 2000, 'ada', 'n')
    expect(await store.prune(NOW + 4000, 300, ALL)).toBe(0)
    expect(await store.record(NOW + 2000, 'ada', 'n')).toBe('seen')
  })

  test('a process whose clock was ahead does not count', async () => {
    const store = await opened()
    await store.prune(NOW + 100_000, 3600, ALL)
    await store.record(NOW - 1000, 'ada', 'n')
    expect(await store.prune(NOW, 300, ALL)).toBe(1)
    expect(await store.record(NOW - 1000, 'ada', 'n')).not.toBe('new')
  })

  test('record and prune can run at the same time', async () => {
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
