import { createMac, type MacError, type WithMacOptions } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/orders'
const mac = createMac({ database: 'sqlite::memory:' })
const reader = await mac.createCredential('ada', { scopes: ['orders:read', 'users:read'] })
const nobody = await mac.createCredential('bob')

type Scope = WithMacOptions['scope']

function ask(scope: Scope, key = reader, method = 'GET') {
  const app = mac.withMac(() => new Response(), { scope, onReject() {} })
  return outcome(app(signed(key, URL, { method })))
}

describe('a request', () => {
  test('is accepted if its credential has the required scope', async () => {
    expect(await ask('orders:read')).toBe('200')
  })

  test('is rejected if its credential lacks the required scope', async () => {
    expect(await ask('orders:write')).toBe('403 ERR_MAC_SCOPE')
    expect(await ask('orders')).toBe('403 ERR_MAC_SCOPE')
    expect(await ask('orders:read', nobody)).toBe('403 ERR_MAC_SCOPE')
  })

  test('is rejected if any required scope is missing', async () => {
    expect(await ask(['orders:read', 'users:read'])).toBe('200')
    expect(await ask(['orders:read', 'orders:write'])).toBe('403 ERR_MAC_SCOPE')
  })

  test('is checked against the scopes in the store, also if its credential is cached', async () => {
    const app = mac.withMac(() => new Response(), { scope: 'orders:write', onReject() {} })
    const eve = await mac.createCredential('eve', { scopes: ['orders:write'] })
    expect(await outcome(app(signed(eve, URL)))).toBe('200')
    await mac.updateCredential(eve.id, { scopes: [] })
    expect(await outcome(app(signed(eve, URL)))).toBe('403 ERR_MAC_SCOPE')
    await mac.updateCredential(eve.id, { scopes: ['orders:write'] })
    expect(await outcome(app(signed(eve, URL)))).toBe('200')
  })
})

describe('a scope function', () => {
  const byMethod = ({ method }: Request) => (method === 'GET' ? 'orders:read' : 'orders:write')

  test('says which scope the request needs', async () => {
    expect(await ask(byMethod)).toBe('200')
    expect(await ask(byMethod, reader, 'DELETE')).toBe('403 ERR_MAC_SCOPE')
  })

  test('may return a promise', async () => {
    expect(await ask(async (request) => byMethod(request), reader, 'DELETE')).toMatch(/^403/)
    expect(await ask(async () => ['orders:read'])).toBe('200')
  })

  test('requires no scope with null', async () => {
    expect(await ask(() => null, nobody)).toBe('200')
    expect(await ask(async () => null, nobody)).toBe('200')
  })

  test('must not return an empty list, and the error says what to return', async () => {
    for (const scope of [() => [], async () => []]) {
      const causes: unknown[] = []
      const app = mac.withMac(() => new Response(), {
        scope,
        onReject: ({ cause }) => causes.push(cause),
      })
      expect(await outcome(app(signed(reader, URL)))).toBe('503 ERR_MAC_CALLBACK')
      expect(causes).toEqual([expect.any(TypeError)])
      expect(String(causes[0])).toContain('if the request needs none, return null')
    }
  })

  test.each([
    [() => undefined],
    [() => 'two scopes'],
    [() => ''],
    [() => [7]],
    [() => true],
    [() => Promise.reject(new Error('no'))],
    [
      () => {
        throw new Error('no')
      },
    ],
  ])('that fails, or returns something else, makes the answer a 503: %p', async (scope) => {
    expect(await ask(scope as Scope)).toBe('503 ERR_MAC_CALLBACK')
  })
})

describe('the answer if a scope is missing', () => {
  test('lists the required scopes, and has no challenge', async () => {
    const app = mac.withMac(() => new Response(), { scope: ['orders:read', 'b'], onReject() {} })
    const answer = await app(signed(reader, URL))
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('www-authenticate')).toBe(null)
    expect(await answer.json()).toMatchObject({
      type: 'urn:problem-type:withmac:scope',
      title: 'The credential lacks a scope that this request needs.',
      status: 403,
      code: 'ERR_MAC_SCOPE',
      scopes: ['orders:read', 'b'],
    })
  })

  test('is passed to onReject with the missing scopes, and not to onAccept', async () => {
    const called: string[] = []
    const app = mac.withMac(() => new Response(), {
      scope: ['orders:read', 'b', 'c'],
      onAccept: () => called.push('accepted'),
      onReject: (error: MacError) => called.push(error.code, error.message),
    })
    await app(signed(reader, URL))
    const lacks = `The credential "${reader.id}" lacks the scopes "b", "c".`
    expect(called).toEqual(['ERR_MAC_SCOPE', lacks])
  })

  test('comes after the nonce is recorded, so that a copy is a replay', async () => {
    const app = mac.withMac(() => new Response(), { scope: 'b', onReject() {} })
    const request = signed(reader, URL)
    expect(await outcome(app(request.clone()))).toBe('403 ERR_MAC_SCOPE')
    expect(await outcome(app(request))).toBe('401 ERR_MAC_REPLAY')
  })
})

test('a wrong MAC is rejected before scopes are checked', async () => {
  expect(await ask('orders:read', { ...reader, key: 'another' })).toBe('401 ERR_MAC_REJECTED')
})

test.each([[''], ['two scopes'], ['a"b'], [[]], [['a', '']], [[7]], [7], [null], [{}]])(
  'withMac throws a TypeError for a malformed scope: %j',
  (scope) => {
    const make = () => mac.withMac(() => new Response(), { scope: scope as Scope })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/wrong options for withMac: scope: /)
  },
)

test('withMac throws a TypeError for a scope in the mode optional, and says why', () => {
  const options: WithMacOptions = { scope: 'orders:read', mode: 'optional' }
  const make = () => mac.withMac(() => new Response(), options)
  expect(make).toThrow(TypeError)
  expect(make).toThrow('getMac(request)?.scopes')
})
