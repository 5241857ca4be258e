import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { computeMac, HASHES, prepareKey } from '../../src/protocol/hmac.ts'
import { MAC_ALGORITHMS } from '../../src/protocol/signature.ts'
import { describe, expect, test } from '../support/runner.ts'

describe.each(MAC_ALGORITHMS)('a prepared key for %s', (algorithm) => {
  const expected = (key: string, text: string) =>
    createHmac(HASHES[algorithm], key).update(text).digest('base64')

  test('computes the same MAC as createHmac for any key and any text', () => {
    const key = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 200 }))
    fc.assert(
      fc.property(key, fc.string({ unit: 'binary', maxLength: 300 }), (key, text) => {
        expect(prepareKey(algorithm, key)(text)).toBe(expected(key, text))
        expect(computeMac(algorithm, key, text)).toBe(expected(key, text))
      }),
    )
  })

  test('does so for keys as long as a block, and longer', () => {
    for (const length of [1, 63, 64, 65, 127, 128, 1024]) {
      const key = 'k'.repeat(length)
      expect(prepareKey(algorithm, key)('text\n')).toBe(expected(key, 'text\n'))
    }
  })

  test('is not changed by use, or by the use of another key', () => {
    const one = prepareKey(algorithm, 'one')
    const other = prepareKey(algorithm, 'other')
    for (const text of ['a', 'b', 'a']) {
      expect(one(text)).toBe(expected('one', text))
      expect(other(text)).toBe(expected('other', text))
    }
  })
})
