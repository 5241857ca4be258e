import type { NonceVerdict, Store, StoredCredential } from '../../src/store/types.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { NOW } from './contract-time.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** The tests of credential usage that every `Store` must pass. */
export function usageContract(open: () => Promise<Store>): void {
  let count = 0

  async function opened(...credentials: readonly StoredCredential[]) {
    const store = await open()
    for (const credential of credentials) await store.credentials.insert(credential)
    const record = async (
      credential: string,
      now: number,
      { keyNumber = 1, nonce = `n${count++}`, timestamp = NOW } = {},
    ): Promise<NonceVerdict> => {
      const { verdict } = await store.nonces.record({
        timestamp,
        credential,
        keyNumber,
        nonce,
        now,
      })
      // A store may write usage after the nonce. To read usage waits for that.
      await store.credentials.usage(now, credential)
      return verdict
    }
    /** Returns when each key of a credential was last used. */
    const used = async (id: string) =>
      Object.fromEntries((await store.credentials.usage(NOW, id)).get(id)?.used ?? [])
    const failures = async (id: string, now = NOW) =>
      (await store.credentials.usage(now, id)).get(id)?.failures ?? 0
    return { ...store, record, used, failures }
  }

  test('a credential that was never used has no usage', async () => {
    const { credentials } = await opened(stored('ada'))
    expect(await credentials.usage(NOW, 'ada')).toEqual(new Map())
    expect(await credentials.usage(NOW, null)).toEqual(new Map())
  })

  test('a use is stored at once, and the next use after a minute', async () => {
    const { record, used } = await opened(stored('ada'), stored('eve'))
    await record('ada', NOW)
    expect(await used('ada')).toEqual({ 1: NOW })
    for (const later of [1, 59]) {
      await record('ada', NOW + later)
      expect(await used('ada')).toEqual({ 1: NOW })
    }
    await record('ada', NOW + 60)
    expect(await used('ada')).toEqual({ 1: NOW + 60 })
    await record('ada', NOW + 119)
    expect(await used('ada')).toEqual({ 1: NOW + 60 })
    expect(await used('eve')).toEqual({})
  })

  test('a use with an earlier time does not count', async () => {
    const { record, used } = await opened(stored('ada'))
    await record('ada', NOW)
    await record('ada', NOW - 1000)
    expect(await used('ada')).toEqual({ 1: NOW })
  })

  test('a use from a clock that was ahead is replaced by the next use', async () => {
    const { record, used } = await opened(stored('ada'))
    for (const ahead of [30 * DAY, HOUR + 1]) {
      await record('ada', NOW + ahead)
      await record('ada', NOW)
      expect(await used('ada')).toEqual({ 1: NOW })
    }
    await record('ada', NOW + 60)
    expect(await used('ada')).toEqual({ 1: NOW + 60 })
  })

  test('the first use of an old key after its rotation is stored at once, and the next after a minute', async () => {
    const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: NOW + DAY } as const
    const { record, used, credentials } = await opened(stored('ada'))
    await record('ada', NOW)
    const rotated = { ...stored('ada'), rotated: NOW + 5, keyNumber: 2, oldKey }
    await credentials.edit('ada', NOW + 5, () => ({
      ...{ credential: rotated, key: 'new', action: 'rotated', detail: {} },
    }))
    await credentials.lookUp('ada')
    expect(await used('ada')).toEqual({ 1: NOW })
    for (const later of [7, 8, 66]) {
      await record('ada', NOW + later)
      await credentials.lookUp('ada')
      expect(await used('ada')).toEqual({ 1: NOW + 7 })
    }
    await record('ada', NOW + 67)
    expect(await used('ada')).toEqual({ 1: NOW + 67 })
  })

  test('a use of an old key before its rotation was noticed is written with the next nonce', async () => {
    const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: NOW + DAY } as const
    const { record, used, credentials } = await opened(stored('ada'), stored('eve'))
    await record('ada', NOW)
    const rotated = { ...stored('ada'), rotated: NOW + 5, keyNumber: 2, oldKey }
    await credentials.edit('ada', NOW + 5, () => ({
      ...{ credential: rotated, key: 'new', action: 'rotated', detail: {} },
    }))
    await record('ada', NOW + 7)
    await credentials.lookUp('ada')
    expect(await used('ada')).toEqual({ 1: NOW })
    await record('eve', NOW + 8)
    expect(await used('ada')).toEqual({ 1: NOW + 7 })
    await record('ada', NOW + 9)
    await credentials.lookUp('ada')
    expect(await used('ada')).toEqual({ 1: NOW + 7 })
  })

  test('the uses of two keys are stored separately', async () => {
    const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: NOW + 100 } as const
    const { record, used, credentials } = await opened(stored('ada', { keyNumber: 3, oldKey }))
    for (const later of [0, 10, 20]) {
      await record('ada', NOW + later, { keyNumber: 2 })
      await record('ada', NOW + later + 5, { keyNumber: 3 })
    }
    expect(await used('ada')).toEqual({ 2: NOW, 3: NOW + 5 })
    await record('ada', NOW + 70, { keyNumber: 2 })
    expect(await used('ada')).toEqual({ 2: NOW + 70, 3: NOW + 5 })
    expect([...(await credentials.usage(NOW, null)).keys()]).toEqual(['ada'])
  })

  test('a nonce that is not new does not count as a use', async () => {
    const { record, used, nonces } = await opened(stored('ada'), stored('eve'))
    expect(await record('ada', NOW, { nonce: 'n' })).toBe('new')
    expect(await record('ada', NOW + 100, { nonce: 'n' })).toBe('seen')
    expect(await used('ada')).toEqual({ 1: NOW })
    await record('ada', NOW, { timestamp: NOW - 1000 })
    await nonces.prune(NOW + 301, 300, 10)
    expect(await record('eve', NOW, { timestamp: NOW - 1000 })).toBe('forgotten')
    expect(await used('eve')).toEqual({})
  })

  test('each of many simultaneous nonces is a use, and of copies only the new one', async () => {
    const ids = Array.from({ length: 150 }, (_, at) => `id-${at}`)
    const { record, used } = await opened(...ids.map((id) => stored(id)))
    await record('id-0', NOW - 10)
    await Promise.all(
      ids.flatMap((id, at) => [
        record(id, NOW + at, { nonce: 'copy' }),
        record(id, NOW + 1000, { nonce: 'copy' }),
      ]),
    )
    expect(await used('id-0')).toEqual({ 1: NOW - 10 })
    for (const at of [1, 70, 149]) expect(await used(`id-${at}`)).toEqual({ 1: NOW + at })
  })

  test('the latest of several simultaneous uses counts', async () => {
    const { record, used } = await opened(stored('ada'))
    await record('eve', NOW)
    await Promise.all([0, 3, 2].map((later) => record('ada', NOW + later)))
    expect(await used('ada')).toEqual({ 1: NOW + 3 })
  })

  test.each([
    ['does not exist', null],
    ['was revoked', { revoked: 5 }],
    ['is disabled', { disabled: 5 }],
    ['has expired', { expires: NOW }],
    ['has another key now', { keyNumber: 2 }],
    [
      'has an old key whose grace has ended',
      { keyNumber: 2, oldKey: { key: 'old', algorithm: 'hmac-sha-256', until: NOW } },
    ],
  ] as const)('no use is stored if the credential %s', async (_, given) => {
    const { record, used } = await opened(...(given === null ? [] : [stored('ada', given)]))
    expect(await record('ada', NOW)).toBe('new')
    expect(await used('ada')).toEqual({})
  })

  test('failures count at once, for their own credential', async () => {
    const { nonces, failures, record, credentials } = await opened(stored('ada'), stored('eve'))
    for (const id of ['ada', 'eve', 'ada']) nonces.countFailure(id, NOW)
    nonces.countFailure('nobody', NOW, false)
    expect(await failures('ada')).toBe(2)
    await record('eve', NOW)
    nonces.countFailure('ada', NOW + 1)
    expect(await failures('ada')).toBe(3)
    expect(await failures('eve')).toBe(1)
    expect([...(await credentials.usage(NOW, null)).keys()].sort()).toEqual(['ada', 'eve'])
  })

  test('failures count for 24 hours, written or not', async () => {
    const { nonces, failures, record } = await opened(stored('ada'), stored('eve'))
    for (let hour = 0; hour < 30; hour++) {
      nonces.countFailure('ada', NOW + hour * HOUR)
      nonces.countFailure('eve', NOW + hour * HOUR)
      if (hour < 15 || hour === 29) await record('ada', NOW + hour * HOUR)
    }
    for (const id of ['ada', 'eve']) {
      expect(await failures(id, NOW + 29 * HOUR)).toBe(24)
      expect(await failures(id, NOW + 40 * HOUR)).toBe(13)
      expect(await failures(id, NOW + 29 * HOUR + DAY)).toBe(0)
    }
    nonces.countFailure('bob', NOW)
    expect(await failures('bob', NOW + DAY - 1)).toBe(1)
    expect(await failures('bob', NOW + DAY)).toBe(0)
  })

  test('the failures of very many credentials are written with a few batches', async () => {
    const ids = Array.from({ length: 600 }, (_, at) => `id-${at}`)
    const there = ['id-0', 'id-255', 'id-256', 'id-599']
    const { nonces, failures, record } = await opened(...there.map((id) => stored(id)))
    for (const id of [...ids, ...ids]) nonces.countFailure(id, NOW)
    for (let batch = 0; batch < 5; batch++) {
      await record('id-0', NOW)
      for (const id of there) expect(await failures(id)).toBe(2)
    }
    // Failures of credentials that do not exist are not counted.
    expect(await failures('id-300')).toBe(0)
  })

  test('a new credential has none of the usage of an earlier one with the same identifier', async () => {
    const { record, used, nonces, failures, credentials } = await opened(stored('ada'))
    await record('ada', NOW)
    nonces.countFailure('ada', NOW)
    await credentials.remove('ada', NOW)
    nonces.countFailure('ada', NOW)
    await credentials.insert(stored('ada'))
    expect(await used('ada')).toEqual({})
    expect(await failures('ada')).toBe(0)
    await record('ada', NOW + 1)
    expect(await used('ada')).toEqual({ 1: NOW + 1 })
    expect(await failures('ada')).toBe(0)
  })
}
