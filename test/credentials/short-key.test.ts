import { createMac } from '../../src/index.ts'
import { createTestMac } from '../../src/testing/index.ts'
import { fixedMac } from '../protocol/fixed-mac.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

/** The key of the draft's example. */
const SHORT = '489dks293j39'
const WHY = 'key can hold at most 62 bits'

describe('a key that could be guessed', () => {
  test('is an error for createCredential, which then creates nothing', async () => {
    const { mac } = await createTestMac()
    const made = mac.createCredential('eve', { id: 'eve', key: SHORT })
    await expect(made).rejects.toThrow(TypeError)
    await expect(made).rejects.toThrow(`createCredential: ${WHY}`)
    await expect(made).rejects.not.toThrow(SHORT)
    expect(await mac.getCredential('eve')).toBe(null)
  })

  test('is an error for rotateCredential, and the current key stays valid', async () => {
    const { mac, credential, signedRequest } = await createTestMac()
    const rotated = mac.rotateCredential(credential.id, { key: SHORT })
    await expect(rotated).rejects.toThrow(TypeError)
    await expect(rotated).rejects.toThrow(`rotateCredential: ${WHY}`)
    expect((await mac.getCredential(credential.id))?.keyNumber).toBe(1)
    expect((await mac.verify(await signedRequest('/a'))).ok).toBe(true)
  })

  test('is allowed with allowShortKey', async () => {
    const mac = createMac({ database: 'sqlite::memory:' })
    const allowed = { id: 'h480djs93hd8', key: SHORT, allowShortKey: true }
    const made = await mac.createCredential('ada', allowed)
    const app = mac.withMac(() => new Response())
    expect(await outcome(app(signed(allowed, 'http://example.com/a')))).toBe('200')
    const rotated = await mac.rotateCredential(made.id, { key: 'short', allowShortKey: true })
    expect(await outcome(app(signed(rotated, 'http://example.com/a')))).toBe('200')
  })

  test.each([
    ['allowShortKey', { key: SHORT, allowShortKey: 'yes' }],
    ['allowShortKeys', { key: SHORT, allowShortKeys: true }],
  ])('is an error with another option or value: %s', async (name, options) => {
    const mac = createMac({ database: 'sqlite::memory:' })
    const made = mac.createCredential('ada', options as object)
    await expect(made).rejects.toThrow(TypeError)
    await expect(made).rejects.toThrow(name)
  })

  test('keeps working if it is stored already', async () => {
    const stored = { id: 'old', key: SHORT, algorithm: 'hmac-sha-256' } as const
    const now = Math.floor(Date.now() / 1000)
    await using mac = await fixedMac(now, [stored])
    const app = mac.withMac(() => new Response())
    const send = () => outcome(app(signed(stored, 'http://example.com/a', { ts: now })))
    expect(await send()).toBe('200')
    expect((await mac.rotateCredential('old')).keyNumber).toBe(2)
    expect(await send()).toBe('200')
  })
})
