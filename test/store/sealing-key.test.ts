import { createHmac, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { readSealingKey } from '../../src/store/sealing/sealer.ts'
import { expect, test } from '../support/runner.ts'

const bytes = Buffer.from('3f'.repeat(16) + 'fb'.repeat(16), 'hex')

test('a sealing key can be base64 or base64url, with or without the = at its end', () => {
  const texts = [bytes.toString('base64'), bytes.toString('base64url')]
  texts.push(texts[0]?.slice(0, -1) ?? '', `${texts[1]}=`)
  expect(new Set(texts).size).toBe(4)
  const ids = texts.map((text) => readSealingKey(text).id)
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/)
})

test('the key id is the start of an HMAC with the sealing key', () => {
  const { id } = readSealingKey(bytes.toString('base64'))
  const hmac = createHmac('sha256', bytes).update('withmac-sealing-key-id-1').digest('hex')
  expect(id).toBe(hmac.slice(0, 16))
})

test.each([
  ['a password', 'correct horse battery staple', /neither base64 nor base64url/],
  ['31 bytes', randomBytes(31).toString('base64'), /has 31 bytes/],
  ['33 bytes', randomBytes(33).toString('base64'), /has 33 bytes/],
  ['hexadecimal digits', randomBytes(32).toString('hex'), /hexadecimal digits/],
  ['both alphabets', `+_${'A'.repeat(41)}`, /neither base64 nor base64url/],
  ['a last character that is mistyped', `${'A'.repeat(42)}B`, /mistyped/],
  ['too many =', `${'A'.repeat(43)}==`, /mistyped/],
  ['nothing', '', /neither base64/],
  ['a line feed within', `${'A'.repeat(20)}\n${'A'.repeat(23)}`, /neither base64/],
])(
  '%s is an error that says how to create a sealing key, and does not show the text',
  (_, text, why) => {
    let message = ''
    try {
      readSealingKey(text)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      message = (error as Error).message
    }
    expect(message).toMatch(why)
    expect(message).toContain('openssl rand -base64 32')
    if (text !== '') expect(message).not.toContain(text)
  },
)

test('a sealing key that is logged shows none of its bytes', () => {
  const key = readSealingKey(bytes.toString('base64'))
  for (const shown of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key)]) {
    for (const encoding of ['base64', 'base64url', 'hex', 'latin1'] as const) {
      expect(shown).not.toContain(bytes.toString(encoding).slice(0, 12))
    }
  }
})
