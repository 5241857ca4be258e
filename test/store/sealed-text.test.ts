import fc from 'fast-check'
import { type KeyPlace, type KeySealer, readSealer } from '../../src/store/sealing/sealer.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'

const ONE = sealingKeyOf('one')
const one = readSealer(ONE)
const two = readSealer(sealingKeyOf('two'))

const algorithm = fc.constantFrom('hmac-sha-1' as const, 'hmac-sha-256' as const)
const place = fc.record({ id: fc.string(), number: fc.integer({ min: 0 }), algorithm })
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })

/** Opens a text that is marked as sealed by the sealer's own key; returns `null` if it cannot be opened. */
function opened(sealer: KeySealer, text: string, place: KeyPlace): string | null {
  try {
    return sealer.open({ text, by: sealer.current ?? '' }, place)
  } catch (error) {
    expect((error as Error).message).toContain('cannot be opened')
    return null
  }
}

test('a sealed key is not readable, and can be opened in its place', () => {
  fc.assert(
    fc.property(key, place, (text, place) => {
      const sealed = one.seal(text, place).text
      expect(sealed).toMatch(/^v1\.[\w-]+$/)
      expect(opened(one, sealed, place)).toBe(text)
    }),
  )
})

test('a sealed key cannot be opened in another place, or by another sealing key', () => {
  fc.assert(
    fc.property(key, place, place, (text, here, there) => {
      const sealed = one.seal(text, here).text
      const same = JSON.stringify(here) === JSON.stringify(there)
      expect(opened(one, sealed, there)).toBe(same ? text : null)
      expect(opened(two, sealed, here)).toBeNull()
      for (const moved of [
        { ...here, id: `${here.id} ` },
        { ...here, number: here.number + 1 },
        { ...here, algorithm: here.algorithm === 'hmac-sha-1' ? 'hmac-sha-256' : 'hmac-sha-1' },
      ] as const) {
        expect(opened(one, sealed, moved)).toBeNull()
      }
    }),
  )
})

test('a sealed key cannot be opened if any bit is changed, or if anything is cut off', () => {
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const
  const sealed = one.seal('k', place).text
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let at = 0; at < bytes.length * 8; at++) {
    const changed = Buffer.from(bytes)
    changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
    expect(opened(one, `v1.${changed.toString('base64url')}`, place)).toBeNull()
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(opened(one, sealed.slice(0, length), place)).toBeNull()
  }
  for (const text of ['', 'v1.', `v2.${sealed.slice(3)}`, sealed.slice(3), '\u{1f511}', 'v1.ä']) {
    expect(opened(one, text, place)).toBeNull()
  }
})

test('sealing the same key again gives a different IV each time', () => {
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const
  const sealed = Array.from({ length: 1000 }, () => one.seal('key', place).text.slice(3, 19))
  expect(new Set(sealed).size).toBe(1000)
})

describe('a sealer', () => {
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const

  test('seals with its first sealing key, opens with any, and names a missing one', () => {
    const both = readSealer([sealingKeyOf('two'), ONE])
    const { text, by } = one.seal('key', place)
    if (by === null) throw new Error('it was not sealed')
    expect(by).toBe(one.current as string)
    expect(both.open({ text, by }, place)).toBe('key')
    expect(both.seal('key', place).by).toBe(two.current)
    expect(() => two.open({ text, by }, place)).toThrow(
      `Key 1 of credential "ada" is sealed by the sealing key ${by}, which was not given.`,
    )
  })
})
