import { createMac, getMac, type Mac, type MacError, type RotateOptions } from '../../src/index.ts'
import { Clock } from '../support/clock.ts'
import { codeOf } from '../support/code-of.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { type Key, signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const DAY = 86_400

function start() {
  const clock = new Clock()
  const codes: string[] = []
  const mac = createMac({
    database: 'sqlite::memory:',
    now: clock.now,
    onReject: ({ code }: MacError) => codes.push(code),
  })
  const seen: (readonly [number | undefined, Date | null | undefined])[] = []
  const app = mac.withMac((request) => {
    const identity = getMac(request)
    seen.push([identity?.keyNumber, identity?.graceEnds])
    return new Response()
  })
  const send = (key: Key) => outcome(app(signed(key, URL, { ts: clock.seconds })))
  const at = (seconds: number) => new Date((clock.seconds + seconds) * 1000)
  return { clock, mac, codes, seen, send, at }
}

describe('a rotation', () => {
  test('gives a new key under the same identifier, and changes nothing else', async () => {
    const { mac, clock } = start()
    const before = await mac.createCredential('ada', {
      ...{ label: 'laptop', scopes: ['a', 'b'], rateLimit: { requests: 1, seconds: 2 } },
    })
    clock.seconds += 10
    const after = await mac.rotateCredential(before.id)
    expect(after.key).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(after.key).not.toBe(before.key)
    expect(after).toEqual({
      ...before,
      key: after.key,
      keyNumber: 2,
      rotated: new Date(clock.seconds * 1000),
      oldKey: {
        ...{ keyNumber: 1, algorithm: 'hmac-sha-256', lastUsed: null },
        graceEnds: new Date((clock.seconds + DAY) * 1000),
      },
    })
    const { key: _, ...shown } = after
    expect(await mac.getCredential(before.id)).toEqual(shown)
  })

  test('accepts both keys until the grace ends, and the identity tells them apart', async () => {
    const { mac, send, clock, seen, at, codes } = start()
    const old = await mac.createCredential('ada', { expires: null })
    expect(await send(old)).toBe('200')
    const fresh = await mac.rotateCredential(old.id, { graceSeconds: 100 })
    const ends = at(100)
    expect(await send(old)).toBe('200')
    expect(await send(fresh)).toBe('200')
    clock.seconds += 99
    expect(await send(fresh)).toBe('200')
    expect(await send(old)).toBe('200')
    clock.seconds += 1
    expect(await send(old)).toBe('401 ERR_MAC_REJECTED')
    expect(await send(fresh)).toBe('200')
    expect(codes).toEqual(['ERR_MAC_KEY_RETIRED'])
    expect(seen).toEqual([
      [1, null],
      [1, ends],
      [2, null],
      [2, null],
      [1, ends],
      [2, null],
    ])
  })

  test('ends every other key at once if the grace is 0, also one in its grace', async () => {
    const { mac, send } = start()
    const first = await mac.createCredential('ada')
    const second = await mac.rotateCredential(first.id)
    for (const key of [first, second]) expect(await send(key)).toBe('200')
    const third = await mac.rotateCredential(first.id, { graceSeconds: 0 })
    for (const key of [first, second]) expect(await send(key)).toBe('401 ERR_MAC_REJECTED')
    expect(await send(third)).toBe('200')
    expect(third.oldKey).toBeNull()
  })

  test('throws if an old key is still in its grace, unless endEarlierGrace is true', async () => {
    const { mac, send, clock } = start()
    const first = await mac.createCredential('ada', { expires: null })
    const second = await mac.rotateCredential(first.id, { graceSeconds: 100 })
    expect(await codeOf(mac.rotateCredential(first.id))).toBe('ERR_MAC_CREDENTIAL_ROTATED')
    for (const key of [first, second]) expect(await send(key)).toBe('200')
    const third = await mac.rotateCredential(first.id, { endEarlierGrace: true, graceSeconds: 50 })
    expect(await send(first)).toBe('401 ERR_MAC_REJECTED')
    for (const key of [second, third]) expect(await send(key)).toBe('200')
    clock.seconds += 50
    const fourth = await mac.rotateCredential(first.id)
    expect(fourth.keyNumber).toBe(4)
    expect(await send(third)).toBe('200')
  })

  test('may change the algorithm: each key keeps its own', async () => {
    const { mac, send } = start()
    const old = await mac.createCredential('ada', { algorithm: 'hmac-sha-1' })
    const fresh = await mac.rotateCredential(old.id, { algorithm: 'hmac-sha-256' })
    expect(fresh.oldKey?.algorithm).toBe('hmac-sha-1')
    expect(await send(old)).toBe('200')
    expect(await send(fresh)).toBe('200')
    expect(await send({ ...old, algorithm: 'hmac-sha-256' })).toBe('401 ERR_MAC_REJECTED')
  })

  test('needs a new end for an expired credential, and always throws for a revoked one', async () => {
    const { mac, send, clock, at } = start()
    const old = await mac.createCredential('ada')
    clock.seconds += DAY
    expect(await codeOf(mac.rotateCredential(old.id))).toBe('ERR_MAC_CREDENTIAL_ENDED')
    const fresh = await mac.rotateCredential(old.id, { expires: at(DAY), graceSeconds: 0 })
    expect(await send(fresh)).toBe('200')
    await mac.revokeCredential(old.id)
    expect(await codeOf(mac.rotateCredential(old.id))).toBe('ERR_MAC_CREDENTIAL_ENDED')
    expect(await codeOf(mac.rotateCredential('nobody'))).toBe('ERR_MAC_CREDENTIAL_UNKNOWN')
  })

  test('keeps a disabled credential disabled', async () => {
    const { mac, send } = start()
    const old = await mac.createCredential('ada')
    await mac.disableCredential(old.id)
    const fresh = await mac.rotateCredential(old.id)
    for (const key of [old, fresh]) expect(await send(key)).toBe('401 ERR_MAC_REJECTED')
  })

  test('rejects a nonce that was used with the other key', async () => {
    const { mac, clock } = start()
    const same = { ts: clock.seconds, nonce: 'same' }
    const app = mac.withMac(() => new Response())
    const old = await mac.createCredential('ada')
    expect(await outcome(app(signed(old, URL, same)))).toBe('200')
    const fresh = await mac.rotateCredential(old.id)
    expect(await outcome(app(signed(old, URL, same)))).toBe('401 ERR_MAC_REPLAY')
    expect(await outcome(app(signed(fresh, URL, same)))).toBe('401 ERR_MAC_REPLAY')
  })

  test('rounds the end of the grace up if the clock has fractions', async () => {
    const { mac, clock, send } = start()
    const old = await mac.createCredential('ada')
    clock.seconds += 0.9
    const { oldKey } = await mac.rotateCredential(old.id, { graceSeconds: 2 })
    const asked = clock.seconds + 2
    expect((oldKey?.graceEnds.getTime() ?? 0) / 1000).toBe(Math.ceil(asked))
    clock.seconds = asked
    const app = mac.withMac(() => new Response())
    expect(await outcome(app(signed(old, URL, { ts: Math.floor(asked) })))).toBe('200')
    clock.seconds = Math.ceil(asked)
    expect(await send(old)).toBe('401 ERR_MAC_REJECTED')
  })
})

describe('wrong input for a rotation:', () => {
  test.each([
    [{ graceSeconds: -1 }, 'graceSeconds'],
    [{ graceSeconds: 1.5 }, 'graceSeconds'],
    [{ graceSeconds: 400 * DAY }, 'graceSeconds'],
    [{ graceSeconds: '24h' }, 'graceSeconds'],
    [{ grace: 5 }, 'grace'],
    [{ key: 'a "key"' }, 'key'],
    [{ key: '' }, 'key'],
    [{ key: 'the-a-key-that-holds-128-bits' }, 'is the current key'],
    [{ algorithm: 'hmac-md5' }, 'algorithm'],
    [{ expires: 3600 }, 'expires'],
    [{ expires: new Date('2020-01-01') }, 'expires is in the past'],
    [{ expires: 1_800_000_000 }, 'expires is in the past'],
  ] as [RotateOptions, string][])('%j throws "%s", and changes nothing', async (options, names) => {
    const { mac, send, clock } = start()
    clock.seconds = 1_800_000_000
    const ada = await mac.createCredential('ada', { key: 'the-a-key-that-holds-128-bits' })
    const error = await codeOf(mac.rotateCredential(ada.id, options))
    expect(error).toMatch(/^TypeError: withmac: /)
    expect(error).toContain(names)
    expect(error).not.toContain('the key"')
    expect(await send(ada)).toBe('200')
    expect((await mac.getCredential(ada.id))?.keyNumber).toBe(1)
  })
})

test('one of many simultaneous rotations succeeds, and the others throw', async () => {
  const { mac } = start()
  const { id } = await mac.createCredential('ada')
  const all = await Promise.all(Array.from({ length: 20 }, () => codeOf(mac.rotateCredential(id))))
  expect(all.filter((each) => each === 'none')).toHaveLength(1)
  expect(all.filter((each) => each === 'ERR_MAC_CREDENTIAL_ROTATED')).toHaveLength(19)
})

test('rotateCredential is exported, and a method of each Mac', async () => {
  const { rotateCredential } = await import('../../src/index.ts')
  expect(rotateCredential).toBeInstanceOf(Function)
  const mac: Mac = createMac({ database: 'sqlite::memory:' })
  expect(Object.keys(mac)).toContain('rotateCredential')
})
