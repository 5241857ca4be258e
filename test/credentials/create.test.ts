import { createMac, getMac } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const clock = new Clock()
const mac = createMac({ database: 'sqlite::memory:', now: clock.now })
const DAY = 86_400

/** Returns the user of a request that is signed with this credential. */
async function userOf(key: { id: string; key: string }): Promise<string | undefined> {
  const request = signed(key, URL, { ts: clock.seconds })
  expect(await outcome(mac.withMac(() => new Response())(request))).toBe('200')
  return getMac(request)?.user
}

describe('by default', () => {
  test('a credential is for hmac-sha-256, expires in a day and has no label', async () => {
    const ada = await mac.createCredential('ada')
    expect(ada).toEqual({
      id: expect.any(String),
      key: expect.any(String),
      user: 'ada',
      algorithm: 'hmac-sha-256',
      label: null,
      created: new Date(clock.seconds * 1000),
      expires: new Date((clock.seconds + DAY) * 1000),
      revoked: null,
      disabled: null,
      scopes: [],
      rateLimit: null,
      keyNumber: 1,
      rotated: null,
      oldKey: null,
      lastUsed: null,
      failures: 0,
      clockOffsetSeconds: null,
    })
    expect(await userOf(ada)).toBe('ada')
  })

  test('identifiers have 96 random bits, keys have 256, and all differ', async () => {
    const made = await Promise.all(Array.from({ length: 100 }, () => mac.createCredential('ada')))
    for (const { id, key } of made) {
      expect(id).toMatch(/^[0-9a-f]{24}$/)
      expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(Buffer.from(key, 'base64url')).toHaveLength(32)
    }
    expect(new Set(made.flatMap(({ id, key }) => [id, key])).size).toBe(200)
  })

  test('the returned credential is frozen', async () => {
    expect(Object.isFrozen(await mac.createCredential('ada'))).toBe(true)
  })
})

describe('createCredential', () => {
  class Person {
    readonly id = 12
  }
  test.each([
    ['ada', 'ada'],
    ['12', '12'],
    [12, '12'],
    [0, '0'],
    [-1.5, '-1.5'],
    [12n, '12'],
    [2n ** 70n, '1180591620717411303424'],
    [{ id: 'ada' }, 'ada'],
    [{ id: 12, name: 'Ada', password: 'secret' }, '12'],
    [{ id: 12n }, '12'],
    [new Person(), '12'],
    ['Ådå 日本 🔑', 'Ådå 日本 🔑'],
    [' ada ', ' ada '],
  ])('accepts the user %p, and returns it as a string', async (user, expected) => {
    const made = await mac.createCredential(user)
    expect(made.user).toBe(expected)
    expect(await userOf(made)).toBe(expected)
    expect((await mac.getCredential(made.id))?.user).toBe(expected)
  })
})

describe('createCredential keeps what it is given:', () => {
  test('id and key', async () => {
    const given = { id: '~ an id: {1}', key: ' a key, not base64 == ' }
    const made = await mac.createCredential('ada', given)
    expect(made).toMatchObject(given)
    expect(await userOf(made)).toBe('ada')
  })

  test('an id of 1024 characters, and of one', async () => {
    for (const id of ['i'.repeat(1024), 'i']) {
      expect(
        await userOf(await mac.createCredential('ada', { id, key: 'a-key-that-holds-128-bits' })),
      ).toBe('ada')
    }
  })

  test('the algorithm', async () => {
    const made = await mac.createCredential('ada', { algorithm: 'hmac-sha-1' })
    expect(made.algorithm).toBe('hmac-sha-1')
    expect(await userOf(made)).toBe('ada')
    const other = signed({ ...made, algorithm: 'hmac-sha-256' }, URL, { ts: clock.seconds })
    const answer = mac.withMac(() => new Response(), { onReject: () => {} })(other)
    expect(await outcome(answer)).toBe('401 ERR_MAC_REJECTED')
  })

  test('the label', async () => {
    const { id, label } = await mac.createCredential('ada', { label: 'the “laptop”' })
    expect(label).toBe('the “laptop”')
    expect((await mac.getCredential(id))?.label).toBe('the “laptop”')
    expect((await mac.createCredential('ada', { label: null })).label).toBeNull()
  })

  test.each([
    ['a Date', new Date(1_800_000_000_000), new Date(1_800_000_000_000)],
    ['a Date within a second', new Date(1_800_000_000_999), new Date(1_800_000_000_000)],
    ['seconds', 1_800_000_000, new Date(1_800_000_000_000)],
    ['parts of a second', 1_800_000_000.9, new Date(1_800_000_000_000)],
    ['null, for never', null, null],
  ])('an end given as %s', async (_, expires, expected) => {
    const { id, expires: made } = await mac.createCredential('ada', { expires })
    expect(made).toEqual(expected)
    expect((await mac.getCredential(id))?.expires).toEqual(expected)
  })
})
