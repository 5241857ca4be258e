import type { Edited, Store, StoredCredential } from '../../src/store/store.ts'
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

/** What every `CredentialStore` has to do. */
export function credentialContract(open: () => Promise<Store>): void {
  const opened = async () => (await open()).credentials

  test('find gives what insert took, and null for an unknown identifier', async () => {
    const store = await opened()
    expect(await store.insert(ADA)).toBe(true)
    expect(await store.find('ada-1')).toEqual(ADA)
    expect(await store.find('ada-2')).toBeNull()
    expect(await store.find('')).toBeNull()
  })

  test('every field is kept as it is', async () => {
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
    expect(await store.find(odd.id)).toEqual(odd)
    expect(await store.list(odd.user)).toEqual([odd])
  })

  test('identifiers are told apart by every character and its case', async () => {
    const store = await opened()
    for (const id of ['ada', 'ADA', 'ada ', ' ada']) {
      expect(await store.find(id)).toBeNull()
      expect(await store.insert({ ...ADA, id })).toBe(true)
    }
  })

  test('insert changes nothing where the identifier is taken', async () => {
    const store = await opened()
    await store.insert(ADA)
    expect(await store.insert({ ...ADA, user: 'eve', key: 'another key' })).toBe(false)
    expect(await store.list(null)).toEqual([ADA])
  })

  test('of many inserts of one identifier at once exactly one succeeds', async () => {
    const store = await opened()
    const inserts = Array.from({ length: 16 }, (_, at) =>
      store.insert({ ...ADA, user: `user-${at}` }),
    )
    const results = await Promise.all(inserts)
    expect(results.filter(Boolean)).toHaveLength(1)
    expect((await store.find(ADA.id))?.user).toBe(`user-${results.indexOf(true)}`)
  })

  test('list gives all or those of one user, oldest first', async () => {
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

  test('edit changes one credential alone, by what it is', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.insert({ ...ADA, id: 'ada-2' })
    const revoke = (credential: StoredCredential): Edited => ({
      ...{ credential: { ...credential, revoked: 10 }, action: 'revoked', detail: { why: 'test' } },
    })
    expect(await store.edit(ADA.id, 10, revoke)).toEqual({ ...ADA, revoked: 10 })
    expect(await store.edit(ADA.id, 20, () => null)).toEqual({ ...ADA, revoked: 10 })
    expect(await store.find(ADA.id)).toEqual({ ...ADA, revoked: 10 })
    expect((await store.find('ada-2'))?.revoked).toBeNull()
    expect(await store.edit('nobody', 10, revoke)).toBeNull()
  })

  test('remove removes one credential alone, and tells whether it was there', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.insert({ ...ADA, id: 'ada-2' })
    expect(await store.remove(ADA.id, 5)).toBe(true)
    expect(await store.remove(ADA.id, 5)).toBe(false)
    expect(await store.find(ADA.id)).toBeNull()
    expect(await store.find('ada-2')).not.toBeNull()
  })

  test('learnClock keeps the first offset, also zero, and gives the one in force', async () => {
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

  test('resetClock forgets the offset, so that another can be learned', async () => {
    const store = await opened()
    await store.insert(ADA)
    await store.learnClock(ADA.id, 5)
    expect(await store.resetClock(ADA.id)).toBe(true)
    expect((await store.find(ADA.id))?.clockOffset).toBeNull()
    expect(await store.learnClock(ADA.id, -7)).toBe(-7)
    expect(await store.resetClock('nobody')).toBe(false)
  })
}
