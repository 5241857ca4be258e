import { existsSync, mkdirSync } from 'node:fs'
import { createMac, type Mac, type MacError } from '../../src/index.ts'
import { askedSealer } from '../../src/store/sealing/sealing-source.ts'
import { codeOf } from '../support/code-of.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { authorization } from '../support/sign.ts'
import { systemTime } from '../support/system-time.ts'

const ONE = sealingKeyOf('one')
const URL = 'http://example.com/'
const NEVER = new Promise<never>(() => {})

/** Returns a function that sends a request with an unknown identifier, and returns the outcome. */
function strangersAt(mac: Mac): () => Promise<string> {
  const app = mac.withMac(() => new Response())
  const headers = { authorization: authorization({ id: 'nobody', key: 'no key' }, URL) }
  return () => outcome(app(new Request(URL, { headers })))
}

describe('a function sealingKey', () => {
  test('is called once if it returns keys, and once a second while it fails', async () => {
    using time = systemTime()
    let asked = 0
    const rejected: string[] = []
    const mac = createMac({
      database: 'sqlite::memory:',
      onReject: ({ code, message }) => rejected.push(`${code}: ${message}`),
      sealingKey: async () => {
        if (asked++ === 0) throw new Error('the KMS is away')
        if (asked === 2) return []
        return asked === 3 ? 'hunter2' : ONE
      },
    })
    const stranger = strangersAt(mac)
    for (let attempt = 1; attempt <= 3; attempt++) {
      for (let request = 0; request < 20; request++) {
        expect(await stranger()).toBe('503 ERR_MAC_CALLBACK')
      }
      expect(asked).toBe(attempt)
      time.advance(1)
    }
    expect(await Promise.all([stranger(), stranger()])).toEqual([
      '401 ERR_MAC_REJECTED',
      '401 ERR_MAC_REJECTED',
    ])
    await mac.createCredential('ada')
    expect(asked).toBe(4)
    const why = 'ERR_MAC_CALLBACK: The function sealingKey returned no sealing key: '
    expect(new Set(rejected.slice(0, 20))).toEqual(new Set([`${why}the KMS is away`]))
    expect(rejected[20]).toMatch(/empty list/)
    expect(rejected[40]).toMatch(/has 5 bytes/)
    expect(rejected[40]).not.toContain('hunter2')
    await mac.close()
  })

  test('is called again at once if the clock was set back', async () => {
    using time = systemTime()
    const mac = createMac({
      database: 'sqlite::memory:',
      sealingKey: () => (asked++ === 0 ? '' : ONE),
    })
    let asked = 0
    expect(await codeOf(mac.ready())).toBe('ERR_MAC_CALLBACK')
    expect(await codeOf(mac.ready())).toBe('ERR_MAC_CALLBACK')
    time.advance(-3600)
    await mac.ready()
    expect(asked).toBe(2)
    await mac.close()
  })

  test('is not called by each request if only the database fails', async () => {
    using folder = temporaryFolder()
    let asked = 0
    const mac = createMac({
      database: `sqlite:${folder.path('later/mac.db')}`,
      onReject: () => {},
      sealingKey: () => {
        asked++
        return ONE
      },
    })
    const stranger = strangersAt(mac)
    for (let request = 0; request < 20; request++) {
      expect(await stranger()).toBe('503 ERR_MAC_STORE')
    }
    mkdirSync(folder.path('later'))
    expect(await stranger()).toBe('401 ERR_MAC_REJECTED')
    // If a second has passed meanwhile, it was called once more.
    expect(asked).toBeLessThan(5)
    await mac.close()
  })

  test('has a deadline, and a later result is ignored', async () => {
    let answer = (_: string) => {}
    const late = new Promise<string>((resolve) => {
      answer = resolve
    })
    const source = askedSealer(() => late, 20)
    const refusal: MacError = await source(NEVER).then(
      () => null,
      (error) => error,
    )
    expect(refusal).toMatchObject({ code: 'ERR_MAC_CALLBACK', status: 503 })
    expect(refusal.message).toBe(
      'The function given as sealingKey did not answer within 0.02 seconds.',
    )
    answer('no sealing key')
    await expect(source(NEVER)).rejects.toBe(refusal)
  })
})

describe('while a function sealingKey has not returned', () => {
  test('close ends at once, requests that wait are rejected, and the database is not opened later', async () => {
    using folder = temporaryFolder()
    const path = folder.path('mac.db')
    let answer = (_: string) => {}
    const sealingKey = () =>
      new Promise<string>((resolve) => {
        answer = resolve
      })
    const mac = createMac({ database: `sqlite:${path}`, onReject: () => {}, sealingKey })
    const waiting = [strangersAt(mac)(), codeOf(mac.ready()), codeOf(mac.createCredential('ada'))]
    const start = performance.now()
    await mac.close()
    expect(await Promise.all(waiting)).toEqual([
      '503 ERR_MAC_CLOSED',
      'ERR_MAC_CLOSED',
      'ERR_MAC_CLOSED',
    ])
    expect(performance.now() - start).toBeLessThan(5000)
    answer(ONE)
    await new Promise((resolve) => setImmediate(resolve))
    expect(existsSync(path)).toBe(false)
  })

  test('at most 10,000 requests wait', async () => {
    const sealingKey = () => NEVER
    const mac = createMac({ database: 'sqlite::memory:', onReject: () => {}, sealingKey })
    const stranger = strangersAt(mac)
    const waiting = Array.from({ length: 10_000 }, stranger)
    expect(await stranger()).toBe('503 ERR_MAC_STORE')
    await mac.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['503 ERR_MAC_CLOSED']))
  })
})
