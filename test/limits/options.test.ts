import { createMac, type MacOptions } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'

const limit = { requests: 1, seconds: 60 }
const make = (rateLimit: unknown) => () =>
  createMac({ database: 'sqlite::memory:', rateLimit: rateLimit as MacOptions['rateLimit'] })

describe('createMac throws a TypeError for a rateLimit that is not valid:', () => {
  test.each([
    ['rateLimit', true],
    ['rateLimit', null],
    ['rateLimit', { request: limit }],
    ['rateLimit.failures', { failures: 5 }],
    ['rateLimit.failures.requests', { failures: { seconds: 60 } }],
    ['rateLimit.failures.requests', { failures: { ...limit, requests: 0 } }],
    ['rateLimit.requests.requests', { requests: { ...limit, requests: 1.5 } }],
    ['rateLimit.requests.seconds', { requests: { ...limit, seconds: 0 } }],
    ['rateLimit.requests.seconds', { requests: { ...limit, seconds: 86_401 } }],
    ['rateLimit.requests', { requests: { ...limit, burst: 1 } }],
    ['rateLimit.store', { store: 'disk' }],
    ['rateLimit.store', { store: 'redis' }],
    ['rateLimit.store', { store: 'http://127.0.0.1' }],
    ['rateLimit.store', { store: 'redis://[host' }],
    ['rateLimit.store', { store: 7 }],
    ['rateLimit.store', { store: null }],
    ['rateLimit.store', { store: {} }],
    ['rateLimit.store', { store: () => 'memory' }],
  ])('%s: %j', (name, wrong) => {
    expect(make(wrong)).toThrow(TypeError)
    expect(make(wrong)).toThrow(`${name}: `)
  })

  test('the error does not show a password', () => {
    let message = ''
    try {
      make({ store: 'redis2://user:secret@host' })()
    } catch (error) {
      ;({ message } = error as Error)
    }
    expect(message).toContain('rateLimit.store')
    expect(message).not.toContain('secret')
  })
})

test.each([
  [{}],
  [{ failures: limit }],
  [{ failures: null, requests: limit, store: 'memory' }],
  [{ requests: limit, store: 'rediss://user:secret@example.com:6380/1' }],
  [{ requests: limit, store: 'postgresql://user:secret@example.com/limits' }],
])('createMac opens nothing for the rateLimit %j', async (right) => {
  await make(right)().close()
})

test('createMac and withMac throw a TypeError for a clientAddress that is not valid', () => {
  const wrong = { clientAddress: '192.0.2.1' as unknown as () => string }
  expect(() => createMac({ database: 'sqlite::memory:', ...wrong })).toThrow('clientAddress: ')
  const mac = createMac({ database: 'sqlite::memory:' })
  expect(() => mac.withMac(() => new Response(), wrong)).toThrow('clientAddress: ')
})
