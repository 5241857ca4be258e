import fc from 'fast-check'
import type {
  AuditFilter,
  CredentialSearch,
  Edited,
  KeylessCredential,
  StatusFilter,
  Store,
  StoredCredential,
} from '../../src/store/types.ts'
import { expect, test } from '../support/runner.ts'
import { stored } from '../support/stored.ts'
import { NOW } from './contract-time.ts'

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

  searchContract(open)
  historyContract(open)
}

const ALL: Omit<CredentialSearch, 'now'> = { text: null, status: 'all', before: null, limit: 1000 }
const DAY = 86_400

/** The status filters that a credential is in, computed in the simplest way. */
function statusesOf({ revoked, disabled, expires, removeAt }: KeylessCredential): StatusFilter[] {
  const made: StatusFilter[] = removeAt === null ? ['all'] : ['all', 'machine']
  if (revoked !== null) return [...made, 'revoked']
  if (disabled !== null) return [...made, 'disabled']
  if (expires !== null && expires <= NOW) return [...made, 'expired']
  return expires !== null && expires <= NOW + 7 * DAY
    ? [...made, 'active', 'expiring']
    : [...made, 'active']
}

/** ASCII letters in lower case. Other letters stay as they are. */
function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function searchContract(open: () => Promise<Store>): void {
  async function searching(...credentials: readonly StoredCredential[]) {
    const store = (await open()).credentials
    for (const credential of credentials) await store.insert(credential)
    const ids = async (search: Partial<CredentialSearch>) =>
      (await store.search({ ...ALL, now: NOW, ...search })).map(({ id }) => id).join(' ')
    return { store, ids }
  }

  test('search returns credentials without keys, newest first, then by identifier', async () => {
    const { store, ids } = await searching(
      stored('b', { created: 2 }),
      stored('a', { created: 2 }),
      stored('c', { created: 1, label: 'x' }),
      stored('d', { created: 3 }),
    )
    expect(await ids({})).toBe('d b a c')
    expect(await store.search({ ...ALL, now: NOW, text: 'c' })).toEqual([
      keyless(stored('c', { created: 1, label: 'x' })),
    ])
    expect(await ids({ limit: 2 })).toBe('d b')
  })

  test('a search finds a part of the identifier, the label or the user, in small and capital letters', async () => {
    const { ids } = await searching(
      stored('Ada-1', { created: 4, user: 'u', label: 'desk' }),
      stored('b', { created: 3, user: 'Grace', label: null }),
      stored('c', { created: 2, user: 'u', label: 'My LAPTOP' }),
      stored('d', { created: 1, user: 'Ærø', label: 'u' }),
    )
    expect(await ids({ text: 'DA-' })).toBe('Ada-1')
    expect(await ids({ text: 'grac' })).toBe('b')
    expect(await ids({ text: 'laptop' })).toBe('c')
    expect(await ids({ text: 'Ærø' })).toBe('d')
    expect(await ids({ text: 'U' })).toBe('Ada-1 c d')
    expect(await ids({ text: '' })).toBe('Ada-1 b c d')
    for (const text of ['nobody', 'key', 'x'.repeat(100_000)]) expect(await ids({ text })).toBe('')
  })

  test('percent, underscore and backslash in a search are only characters', async () => {
    const { ids } = await searching(
      stored('a', { created: 3, label: '100%' }),
      stored('b', { created: 2, label: 'snake_case' }),
      stored('c', { created: 1, label: 'back\\slash' }),
    )
    expect(await ids({ text: '%' })).toBe('a')
    expect(await ids({ text: '_' })).toBe('b')
    expect(await ids({ text: '\\' })).toBe('c')
    for (const text of ['e%c', 's_ake', '\\%', "' or 1=1 --"]) expect(await ids({ text })).toBe('')
  })

  test('whatever is searched, the pages together are what a simple filter finds', async () => {
    const piece = fc.constantFrom('a', 'A', 'b', '%', '_', '\\', 'ä', 'Ä', "'", '1')
    const words = fc.array(piece, { minLength: 1, maxLength: 4 }).map((all) => all.join(''))
    const time = fc.option(fc.constantFrom(-DAY, 0, 1, 7 * DAY, 7 * DAY + 1, 30 * DAY))
    const moment = time.map((after) => (after === null ? null : NOW + after))
    const credential = fc.record({
      ...{
        id: words,
        user: words,
        label: fc.option(words),
        created: fc.integer({ min: 0, max: 3 }),
      },
      ...{ expires: moment, revoked: moment, disabled: moment, removeAt: moment },
    })
    const statuses: readonly StatusFilter[] = [
      ...(['all', 'active', 'expiring', 'expired', 'disabled', 'revoked', 'machine'] as const),
    ]
    const store = (await open()).credentials
    const property = fc.asyncProperty(
      fc.uniqueArray(credential, { selector: ({ id }) => id, maxLength: 12 }),
      fc.option(words),
      fc.constantFrom(...statuses),
      fc.integer({ min: 1, max: 5 }),
      async (given, text, status, limit) => {
        for (const { id } of await store.list(null)) await store.remove(id, NOW)
        const all = given.map(({ id, ...rest }) => stored(id, rest))
        for (const each of all) await store.insert(each)
        const expected = all
          .filter((each) => statusesOf(keyless(each)).includes(status))
          .filter(({ id, user, label }) =>
            [id, user, label ?? ''].some((each) => lower(each).includes(lower(text ?? ''))),
          )
          .sort(
            (a, b) => b.created - a.created || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id)),
          )
          .map(({ id }) => id)
        const found: string[] = []
        let before: CredentialSearch['before'] = null
        // A page too many means that pages repeat.
        while (found.length <= all.length) {
          const page = await store.search({ text, status, now: NOW, before, limit })
          found.push(...page.map(({ id }) => id))
          before = page.at(-1) ?? null
          if (page.length < limit) break
        }
        expect(found).toEqual(expected)
      },
    )
    await fc.assert(property, { numRuns: 40 })
  })

  test('usageOf returns the usage of the given credentials only', async () => {
    const store = await open()
    for (const id of ['a', 'b', 'c']) await store.credentials.insert(stored(id))
    for (const credential of ['a', 'b', 'c']) {
      const nonce = { timestamp: NOW, credential, keyNumber: 1, nonce: credential, now: NOW }
      await store.nonces.record(nonce)
      store.nonces.countFailure(credential, NOW)
    }
    const usage = await store.credentials.usageOf(NOW, ['a', 'c', 'nobody'])
    expect([...usage.keys()].sort()).toEqual(['a', 'c'])
    expect(usage.get('c')).toEqual({ used: new Map([[1, NOW]]), failures: 1 })
    expect(await store.credentials.usageOf(NOW, [])).toEqual(new Map())
  })
}

const EVENTS: AuditFilter = {
  ...{ credential: null, user: null, action: null, actor: null },
  ...{ from: null, to: null, before: null, limit: 1000 },
}

function historyContract(open: () => Promise<Store>): void {
  const disable = (credential: KeylessCredential): Edited => ({
    ...{ credential: { ...credential, disabled: 1 }, action: 'disabled', detail: {} },
  })
  const rotate = (credential: KeylessCredential): Edited => ({
    credential: { ...credential, keyNumber: credential.keyNumber + 1, oldKey: null },
    ...{ key: 'another', action: 'rotated', detail: {} },
  })

  test('every event of a change by an actor names the actor, and no other event does', async () => {
    const store = (await open()).credentials
    const grace = store.as('grace')
    await grace.insert(stored('a'))
    await store.insert(stored('b'))
    await grace.edit('b', 5, disable)
    await store.edit('a', 5, disable)
    await grace.edit('a', 6, rotate)
    await grace.remove('a', 7)
    await store.remove('b', 7)
    const events = (await store.history(EVENTS)).reverse()
    expect(events.map(({ action, actor }) => `${action} ${actor}`)).toEqual([
      ...['created grace', 'created null', 'disabled grace', 'disabled null'],
      ...['rotated grace', 'retired grace', 'deleted grace', 'deleted null'],
    ])
    expect(await grace.history(EVENTS)).toHaveLength(8)
  })

  test('the cleanup has no actor, whoever calls it', async () => {
    const store = (await open()).credentials
    const oldKey = { key: 'old', algorithm: 'hmac-sha-256', until: 10 } as const
    await store.insert(stored('a', { keyNumber: 2, rotated: 5, oldKey }))
    await store.as('grace').cleanUp(20)
    const [retired] = await store.history(EVENTS)
    expect(retired).toMatchObject({ action: 'retired', actor: null })
  })

  test('the history can be filtered by each property, and read in pages', async () => {
    const store = (await open()).credentials
    for (const [at, actor] of [
      [10, 'grace'],
      [20, 'hedy'],
      [30, null],
      [40, 'grace'],
    ] as const) {
      const by = actor === null ? store : store.as(actor)
      await by.insert(stored(`c${at}`, { created: at, user: at < 30 ? 'ada' : 'eve' }))
    }
    await store.as('hedy').edit('c40', 50, disable)
    const at = async (filter: Partial<AuditFilter>) =>
      (await store.history({ ...EVENTS, ...filter })).map((event) => event.at)
    expect(await at({})).toEqual([50, 40, 30, 20, 10])
    expect(await at({ actor: 'grace' })).toEqual([40, 10])
    expect(await at({ action: 'created' })).toEqual([40, 30, 20, 10])
    expect(await at({ from: 20, to: 40 })).toEqual([40, 30, 20])
    expect(await at({ user: 'ada', credential: 'c10' })).toEqual([10])
    expect(await at({ action: 'disabled', actor: 'hedy', from: 50, user: 'eve' })).toEqual([50])
    expect(await at({ actor: 'nobody' })).toEqual([])
    const [first, second] = await store.history({ ...EVENTS, limit: 2 })
    expect([first?.at, second?.at]).toEqual([50, 40])
    expect(await at({ before: second?.number ?? 0, limit: 2 })).toEqual([30, 20])
  })
}
