import {
  createMac,
  MacError,
  type MacIdentity,
  type MacReport,
  type WithMacOptions,
} from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, spyOn, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')

function recorder() {
  const accepted: [MacIdentity, Request][] = []
  const rejected: [MacError, Request, MacReport][] = []
  const options: WithMacOptions = {
    onAccept: (...given) => accepted.push(given),
    onReject: (...given) => rejected.push(given),
  }
  return { accepted, rejected, options }
}

const handler = () => new Response()

test('onAccept is called once with the identity and the request, and onReject is not called', async () => {
  const { accepted, rejected, options } = recorder()
  const request = signed(ada, URL, { nonce: 'a-nonce' })
  await mac.withMac(handler, options)(request)
  expect(rejected).toHaveLength(0)
  expect(accepted).toHaveLength(1)
  expect(accepted[0]?.[0]).toMatchObject({ user: 'ada', nonce: 'a-nonce' })
  expect(accepted[0]?.[1]).toBe(request)
})

test('onReject is called once with the error and the request, and onAccept is not called', async () => {
  const { accepted, rejected, options } = recorder()
  const request = signed(ada, URL, { mac: 'AAAA' })
  await mac.withMac(handler, options)(request)
  expect(accepted).toHaveLength(0)
  expect(rejected).toHaveLength(1)
  expect(rejected[0]?.[0]).toBeInstanceOf(MacError)
  expect(rejected[0]?.[0].code).toBe('ERR_MAC_MISMATCH')
  expect(rejected[0]?.[1]).toBe(request)
})

describe('an unsigned request', () => {
  test('calls onReject if credentials are required', async () => {
    const { rejected, options } = recorder()
    await mac.withMac(handler, options)(new Request(URL))
    expect(rejected.map(([error]) => error.code)).toEqual(['ERR_MAC_MISSING'])
  })

  test('calls no hook if credentials are optional', async () => {
    const { accepted, rejected, options } = recorder()
    const app = mac.withMac(handler, { ...options, mode: 'optional' })
    await app(new Request(URL))
    expect([accepted, rejected]).toEqual([[], []])
    await app(signed(ada, URL, { mac: 'AAAA' }))
    expect(rejected.map(([error]) => error.code)).toEqual(['ERR_MAC_MISMATCH'])
  })
})

test('the hooks of createMac are called if a handler has none of its own', async () => {
  const common = recorder()
  const own = recorder()
  const hooked = createMac({ ...common.options, database: 'sqlite::memory:' })
  const eve = await hooked.createCredential('eve')
  await hooked.withMac(handler)(signed(eve, URL))
  await hooked.withMac(handler, own.options)(signed(eve, URL))
  await hooked.withMac(handler, own.options)(new Request(URL))
  expect(common.accepted).toHaveLength(1)
  expect(common.rejected).toHaveLength(0)
  expect(own.accepted).toHaveLength(1)
  expect(own.rejected).toHaveLength(1)
})

const failing: readonly [string, () => never | Promise<never>][] = [
  [
    'throws',
    () => {
      throw new Error('of the hook')
    },
  ],
  ['rejects', () => Promise.reject(new Error('of the hook'))],
]

test.each(failing)('a hook that %s is logged, and changes no answer', async (_, fail) => {
  const shown = spyOn(console, 'error').mockImplementation(() => {})
  try {
    const app = mac.withMac(handler, { onAccept: fail, onReject: fail })
    expect(await outcome(app(signed(ada, URL)))).toBe('200')
    expect(await outcome(app(new Request(URL)))).toBe('401 ERR_MAC_MISSING')
    await new Promise((resolve) => setTimeout(resolve))
    expect(shown.mock.calls.map(([text]) => text)).toEqual([
      'withmac: the hook onAccept failed:',
      'withmac: the hook onReject failed:',
    ])
  } finally {
    shown.mockRestore()
  }
})

test('the answer does not wait for a hook', async () => {
  const app = mac.withMac(handler, { onAccept: () => new Promise<never>(() => {}) })
  expect(await outcome(app(signed(ada, URL)))).toBe('200')
})

test('if there is no hook, the console shows failures of the store, and no other rejection', async () => {
  const shown = spyOn(console, 'error').mockImplementation(() => {})
  try {
    const broken = createMac({ database: 'sqlite:/dev/null/mac.db' })
    expect(await outcome(broken.withMac(handler)(new Request(URL)))).toBe('401 ERR_MAC_MISSING')
    expect(shown).not.toHaveBeenCalled()
    expect(await outcome(broken.withMac(handler)(signed(ada, URL)))).toBe('503 ERR_MAC_STORE')
    expect(shown).toHaveBeenCalledTimes(1)
    expect(shown.mock.calls[0]?.[0]).toContain('/dev/null/mac.db')
  } finally {
    shown.mockRestore()
  }
})
