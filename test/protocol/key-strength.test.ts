import { randomBytes } from 'node:crypto'
import { isShortKey, maxKeyBits } from '../../src/protocol/signature.ts'
import { describe, expect, test } from '../support/runner.ts'

describe('isShortKey tells whether a key cannot hold 128 bits:', () => {
  const text = 'Zx0-Qw1_Er2.Ty3!Ui4~Op5'
  test.each([
    ['22 characters of base64url', 'bGlnaHQtd29yay1pcy1kb2', false],
    ['21 characters of base64url', 'bGlnaHQtd29yay1pcy1kb', true],
    ['16 bytes as base64 with padding', 'AQIDBAUGBwgJCgsMDQ4P/w==', false],
    ['32 characters of hex', '0123456789abcdef0123456789abcdee', false],
    ['31 characters of hex', '0123456789abcdef0123456789abcde', true],
    ['32 characters of hex in upper case', '0123456789ABCDEF0123456789ABCDEE', false],
    ['31 characters of hex in upper case', '0123456789ABCDEF0123456789ABCDE', true],
    ['26 characters of base32', 'ABCDEFGHIJKLMNOPQRSTUVWX23', false],
    ['25 characters of base32', 'ABCDEFGHIJKLMNOPQRSTUVWX2', true],
    ['39 digits', '012345678901234567890123456789012345678', false],
    ['38 digits', '01234567890123456789012345678901234567', true],
    ['20 of all characters of the draft', text.slice(0, 20), false],
    ['19 of all characters of the draft', text.slice(0, 19), true],
    ['the key of the draft', '489dks293j39', true],
    ['one character', 'k', true],
    ['one character, many times', 'k'.repeat(100), true],
    ['a word, many times', 'Correct Horse! '.repeat(10), true],
    ['22 characters, twice', 'bGlnaHQtd29yay1pcy1kb2'.repeat(2), false],
  ])('%s', (_, key, short) => {
    expect(isShortKey(key)).toBe(short)
  })

  test('no random key of 128 bits is short, in any encoding', () => {
    for (let run = 0; run < 2000; run++) {
      const bytes = randomBytes(16)
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(isShortKey(bytes.toString(encoding))).toBe(false)
      }
    }
  })

  test('an empty key holds 0 bits', () => {
    expect(maxKeyBits('')).toBe(0)
  })
})
