import fc from 'fast-check'
import { openText, sealText } from '../../src/store/sealing/sealed-text.ts'
import { sealerOf } from '../../src/store/sealing/sealer.ts'
import { readSealingKey } from '../../src/store/sealing/sealing-key.ts'
import { describe, expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'

const { secret } = readSealingKey(sealingKeyOf('one'))
const other = readSealingKey(sealingKeyOf('two')).secret

const algorithm = fc.constantFrom('hmac-sha-1' as const, 'hmac-sha-256' as const)
const place = fc.record({ id: fc.string(), number: fc.integer({ min: 0 }), algorithm })
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })

test('a sealed key is opened in its place, and nothing of it is to be seen', () => {
  fc.assert(
    fc.property(key, place, (text, place) => {
      const sealed = sealText(secret, text, place)
      expect(sealed).toMatch(/^v1\.[\w-]+$/)
      expect(openText(secret, sealed, place)).toBe(text)
    }),
  )
})

test('it is opened in no other place, and by no other sealing key', () => {
  fc.assert(
    fc.property(key, place, place, (text, here, there) => {
      const sealed = sealText(secret, text, here)
      const same = JSON.stringify(here) === JSON.stringify(there)
      expect(openText(secret, sealed, there)).toBe(same ? text : null)
      expect(openText(other, sealed, here)).toBeNull()
      for (const moved of [
        { ...here, id: `${here.id} ` },
        { ...here, number: here.number + 1 },
        { ...here, algorithm: here.algorithm === 'hmac-sha-1' ? 'hmac-sha-256' : 'hmac-sha-1' },
      ] as const) {
        expect(openText(secret, sealed, moved)).toBeNull()
      }
    }),
  )
})

test('whichever of its bits is changed, and whatever is cut off, it is not opened', () => {
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const
  const sealed = sealText(secret, 'k', place)
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let at = 0; at < bytes.length * 8; at++) {
    const changed = Buffer.from(bytes)
    changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
    expect(openText(secret, `v1.${changed.toString('base64url')}`, place)).toBeNull()
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(openText(secret, sealed.slice(0, length), place)).toBeNull()
  }
  for (const text of ['', 'v1.', `v2.${sealed.slice(3)}`, sealed.slice(3), '\u{1f511}', 'v1.ä']) {
    expect(openText(secret, text, place)).toBeNull()
  }
})

test('the same key is never sealed the same way twice', () => {
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const
  const sealed = Array.from({ length: 1000 }, () => sealText(secret, 'key', place).slice(3, 19))
  expect(new Set(sealed).size).toBe(1000)
})

describe('a sealer', () => {
  const [one, two] = [readSealingKey(sealingKeyOf('one')), readSealingKey(sealingKeyOf('two'))]
  const place = { id: 'ada', number: 1, algorithm: 'hmac-sha-256' } as const

  test('seals with its first key, opens with each, and says which is missing', () => {
    const both = sealerOf([two, one])
    const { text, by } = sealerOf([one]).seal('key', place)
    expect(by).toBe(one.id)
    expect(both.open({ text, by: one.id }, place)).toBe('key')
    expect(both.seal('key', place).by).toBe(two.id)
    const alone = sealerOf([two])
    expect(() => alone.open({ text, by: one.id }, place)).toThrow(one.id)
  })
})
