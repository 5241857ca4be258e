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

describe('a credential', () => {
  test('that has the scope gets in', async () => {
    expect(await ask('orders:read')).toBe('200')
  })

  test('that lacks it does not', async () => {
    expect(await ask('orders:write')).toBe('403 ERR_MAC_SCOPE')
    expect(await ask('orders')).toBe('403 ERR_MAC_SCOPE')
    expect(await ask('orders:read', nobody)).toBe('403 ERR_MAC_SCOPE')
  })

  test('needs each of several', async () => {
    expect(await ask(['orders:read', 'users:read'])).toBe('200')
    expect(await ask(['orders:read', 'orders:write'])).toBe('403 ERR_MAC_SCOPE')
  })

  test('is judged as it is in the store now, also where it is remembered', async () => {
    const app = mac.withMac(() => new Response(), { scope: 'orders:write', onReject() {} })
    const eve = await mac.createCredential('eve', { scopes: ['orders:write'] })
    expect(await outcome(app(signed(eve, URL)))).toBe('200')
    await mac.updateCredential(eve.id, { scopes: [] })
    expect(await outcome(app(signed(eve, URL)))).toBe('403 ERR_MAC_SCOPE')
    await mac.updateCredential(eve.id, { scopes: ['orders:write'] })
    expect(await outcome(app(signed(eve, URL)))).toBe('200')
  })
})

describe('a function of the request', () => {
  const byMethod = ({ method }: Request) => (method === 'GET' ? 'orders:read' : 'orders:write')

  test('says what is demanded of it', async () => {
    expect(await ask(byMethod)).toBe('200')
    expect(await ask(byMethod, reader, 'DELETE')).toBe('403 ERR_MAC_SCOPE')
  })

  test('may take its time', async () => {
    expect(await ask(async (request) => byMethod(request), reader, 'DELETE')).toMatch(/^403/)
    expect(await ask(async () => ['orders:read'])).toBe('200')
  })

  test('demands nothing by null', async () => {
    expect(await ask(() => null, nobody)).toBe('200')
    expect(await ask(async () => null, nobody)).toBe('200')
  })

  test('lets nobody in by an empty list, and the operator is told what to give', async () => {
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
  ])('that fails, or gives something else, lets nobody in: %p', async (scope) => {
    expect(await ask(scope as Scope)).toBe('503 ERR_MAC_CALLBACK')
  })
})

describe('the answer to who lacks a scope', () => {
  test('tells what is demanded, and challenges nobody', async () => {
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

  test('is told to onReject with what is missing, and not to onAccept', async () => {
    const told: string[] = []
    const app = mac.withMac(() => new Response(), {
      scope: ['orders:read', 'b', 'c'],
      onAccept: () => told.push('accepted'),
      onReject: (error: MacError) => told.push(error.code, error.message),
    })
    await app(signed(reader, URL))
    const lacks = `The credential "${reader.id}" lacks the scopes "b", "c".`
    expect(told).toEqual(['ERR_MAC_SCOPE', lacks])
  })

  test('uses up the nonce', async () => {
    const app = mac.withMac(() => new Response(), { scope: 'b', onReject() {} })
    const request = signed(reader, URL)
    expect(await outcome(app(request.clone()))).toBe('403 ERR_MAC_SCOPE')
    expect(await outcome(app(request))).toBe('401 ERR_MAC_REPLAY')
  })
})

test('who is not let in by a credential is not asked for scopes', async () => {
  expect(await ask('orders:read', { ...reader, key: 'another' })).toBe('401 ERR_MAC_REJECTED')
})

test.each([[''], ['two scopes'], ['a"b'], [[]], [['a', '']], [[7]], [7], [null], [{}]])(
  'a scope that is none is a TypeError at once: %j',
  (scope) => {
    const make = () => mac.withMac(() => new Response(), { scope: scope as Scope })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/wrong options for withMac: scope: /)
  },
)

test('a scope with the mode optional is a TypeError that says why', () => {
  const options: WithMacOptions = { scope: 'orders:read', mode: 'optional' }
  const make = () => mac.withMac(() => new Response(), options)
  expect(make).toThrow(TypeError)
  expect(make).toThrow('getMac(request)?.scopes')
})
