import type { Edited, KeylessCredential, Store, StoredCredential } from '../../src/store/types.ts'
import { expect, test } from '../support/runner.ts'

const ADA: StoredCredential = {
  id: 'ada-1',
  user: 'ada',
  key: 'a key',
  algorithm: 'hmac-sha-256',
  label: 'laptop',
  created: 1_700_000_000,
  expires: 1_700_086_400,
  revoked: null,
  disabled: null,
  clockOffset: null,
  scopes: [],
  rateLimit: null,
  keyNumber: 1,
  rotated: null,
  oldKey: null,
  removeAt: null,
}

/** Returns the credential without its keys. */
function keyless({ key: _, oldKey, ...rest }: StoredCredential): KeylessCredential {
  return { ...rest, oldKey: oldKey && { algorithm: oldKey.algorithm, until: oldKey.until } }
}

/** The tests that every `CredentialStore` must pass. */
export function credentialContract(open: () => Promise<Store>): void {
  const opened = async () => (await open()).credentials

  test('lookUp returns an inserted credential, find returns it without keys, and both null if unknown', async () => {
    const store = await opened()
    expect(await store.insert(ADA)).toBe(true)
    expect((await store.lookUp('ada-1')).credential).toEqual(ADA)
    expect(await store.find('ada-1')).toEqual(keyless(ADA))
    for (const id of ['ada-2', '']) {
      expect((await store.lookUp(id)).credential).toBeNull()
      expect(await store.find(id)).toBeNull()
    }
  })

  test('every property is stored unchanged', async () => {
    const store = await opened()
    const odd: StoredCredential = {
      id: `' or 1=1 -- %_[{`,
      user: '{"name":"Ådå","b":[1]}',
      key: '[1,2]',
      algorithm: 'hmac-sha-1',
      label: null,
      created: 0,
      expires: null,
      revoked: 5,
      disabled: 6,
      clockOffset: -3600,
      scopes: ['orders:read', '\'";--'],
      rateLimit: { requests: 7, seconds: 8 },
      keyNumber: 3,
      rotated: 9,
      oldKey: { key: 'null', algorithm: 'hmac-sha-256', until: 10 },
      removeAt: 11,
    }
    await store.insert(odd)
    expect((await store.lookUp(odd.id)).credential).toEqual(odd)
    expect(await store.list(odd.user)).toEqual([keyless(odd)])
  })

  test('identifiers differ by every character, its case included', async () => {
    const store = await opened()
    for (const id of ['ada', 'ADA', 'ada ', ' ada']) {
      expect(await store.find(id)).toBeNull()
      expect(await store.insert({ ...ADA, id })).toBe(true)
    }
  })

  test('insert changes nothing if the identifier is taken', async () => {
    const store = await opened()
    await store.insert(ADA)
    expect(await store.insert({ ...ADA, user: 'eve', key: 'another key' })).toBe(false)
    expect(await store.list(null)).toEqual([keyless(ADA)])
    expect((await store.lookUp(ADA.id)).credential).toEqual(ADA)
  })

  test('exactly one of many simultaneous inserts of one identifier succeeds', async () => {
    const store = await opened()
    const inserts = Array.from({ length: 16 }, (_, at) =>
      store.insert({ ...ADA, user: `user-${at}` }),
    )
    const results = await Promise.all(inserts)
    expect(results.filter(Boolean)).toHaveLength(1)
    expect((await store.find(ADA.id))?.user).toBe(`user-${results.indexOf(true)}`)
  })

  test('list returns all credentials, or those of one user, oldest first', async () => {
    const store = await opened()
    expect(await store.list(null)).toEqual([])
    await store.insert({ ...ADA, id: 'c', created: 1 })
    await store.insert({ ...ADA, id: 'a', created: 3 })
    await store.insert({ ...ADA, id: 'b', created: 2, user: 'eve' })
    const ids = async (user: string | null) => (await store.list(user)).map(({ id }) => id)
    expect(await ids(null)).toEqual(['c', 'b', 'a'])
    expect(await ids('ada')).toEqual(['c', 'a'])
    expect(await ids('eve')).toEqual(['b'])
    expect(await ids('')).toEqual([])
  })

  test('edit changes only its credential, and passes its current state to the callback', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.insert({ ...ADA, id: 'ada-2' })
    const revoke = (credential: KeylessCredential): Edited => ({
      ...{ credential: { ...credential, revoked: 10 }, action: 'revoked', detail: { why: 'test' } },
    })
    const revoked = { ...keyless(ADA), revoked: 10 }
    expect(await store.edit(ADA.id, 10, revoke)).toEqual(revoked)
    expect(await store.edit(ADA.id, 20, () => null)).toEqual(revoked)
    expect((await store.lookUp(ADA.id)).credential).toEqual({ ...ADA, revoked: 10 })
    expect((await store.find('ada-2'))?.revoked).toBeNull()
    expect(await store.edit('nobody', 10, revoke)).toBeNull()
  })

  test('edit can set a new key, and the current key becomes the old key or is removed', async () => {
    const store = await opened()
    await store.insert(ADA)
    const rotate = (key: string, until: number | null) =>
      store.edit(ADA.id, 10, (credential, isKey): Edited => {
        expect([isKey(key), isKey(`${key}?`)]).toEqual([false, false])
        const { algorithm, keyNumber } = credential
        const oldKey = until === null ? null : { algorithm, until }
        const after = { ...credential, keyNumber: keyNumber + 1, oldKey }
        return { credential: after, key, action: 'rotated', detail: {} }
      })
    await rotate('second', 50)
    expect((await store.lookUp(ADA.id)).credential).toMatchObject({
      ...{ key: 'second', keyNumber: 2 },
      oldKey: { key: ADA.key, algorithm: ADA.algorithm, until: 50 },
    })
    await rotate('third', 60)
    const third = (await store.lookUp(ADA.id)).credential
    expect(third).toMatchObject({ key: 'third', keyNumber: 3, oldKey: { key: 'second' } })
    await store.edit(ADA.id, 10, (credential, isKey) => {
      expect(isKey('third')).toBe(true)
      return { credential: { ...credential, oldKey: null }, action: 'retired', detail: {} }
    })
    expect((await store.lookUp(ADA.id)).credential).toEqual({
      ...(third as StoredCredential),
      oldKey: null,
    })
    await rotate('fourth', null)
    const fourth = (await store.lookUp(ADA.id)).credential
    expect(fourth).toMatchObject({ key: 'fourth', keyNumber: 4, oldKey: null })
  })

  test('remove removes only its credential, and returns whether there was one', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.insert({ ...ADA, id: 'ada-2' })
    expect(await store.remove(ADA.id, 5)).toBe(true)
    expect(await store.remove(ADA.id, 5)).toBe(false)
    expect(await store.find(ADA.id)).toBeNull()
    expect(await store.find('ada-2')).not.toBeNull()
  })

  test('learnClock keeps the first offset, also zero, and returns the stored one', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.insert({ ...ADA, id: 'ada-2' })
    expect(await Promise.all([store.learnClock(ADA.id, 0), store.learnClock(ADA.id, 9)])).toEqual([
      0, 0,
    ])
    expect((await store.find(ADA.id))?.clockOffset).toBe(0)
    expect((await store.find('ada-2'))?.clockOffset).toBeNull()
    expect(await store.learnClock('nobody', 5)).toBeNull()
  })

  test('resetClock removes the offset, so that another can be learned', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.learnClock(ADA.id, 5)
    expect(await store.resetClock(ADA.id)).toBe(true)
    expect((await store.find(ADA.id))?.clockOffset).toBeNull()
    expect(await store.learnClock(ADA.id, -7)).toBe(-7)
    expect(await store.resetClock('nobody')).toBe(false)
  })
}
