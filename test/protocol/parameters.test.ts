import type { MacErrorCode } from '../../src/error-codes.ts'
import { formatAuthorization, parseAuthorization } from '../../src/protocol/authorization.ts'
import {
  MAX_HEADER_LENGTH,
  MAX_ID_LENGTH,
  MAX_NONCE_LENGTH,
  type MacAuthorization,
} from '../../src/protocol/parameters.ts'
import { describe, expect, test } from '../support/runner.ts'
import { refusal } from './refusal.ts'

const VALUES: MacAuthorization = { id: 'h48', ts: '1', nonce: 'dj8', ext: null, mac: 'AAAA' }

test('the limits are those in the documentation', () => {
  expect([MAX_HEADER_LENGTH, MAX_ID_LENGTH, MAX_NONCE_LENGTH]).toEqual([8192, 1024, 512])
})

describe('the limits on lengths:', () => {
  const limits: readonly [name: string, longest: MacAuthorization, code: MacErrorCode][] = [
    ['id', { ...VALUES, id: 'i'.repeat(1024) }, 'ERR_MAC_PARAMETER_TOO_LONG'],
    ['nonce', { ...VALUES, nonce: 'n'.repeat(512) }, 'ERR_MAC_PARAMETER_TOO_LONG'],
    ['ext', { ...VALUES, ext: 'e'.repeat(8192 - lengthWithEmptyExt()) }, 'ERR_MAC_HEADER_TOO_LONG'],
  ]
  for (const [name, longest, code] of limits) {
    const value = longest[name as 'id' | 'nonce' | 'ext'] as string

    test(`${name} of ${value.length} characters is accepted`, () => {
      expect(parseAuthorization(formatAuthorization(longest))).toEqual(longest)
    })

    test(`${name} of ${value.length + 1} characters is rejected`, () => {
      const header = formatAuthorization(longest).replace(value, `${value}x`)
      const read = refusal(() => parseAuthorization(header))
      const written = refusal(() => formatAuthorization({ ...longest, [name]: `${value}x` }))
      expect([read.code, written.code]).toEqual([code, code])
      expect(read.message).toContain(code === 'ERR_MAC_HEADER_TOO_LONG' ? '8193' : name)
      expect(read.message).toContain(
        code === 'ERR_MAC_HEADER_TOO_LONG' ? '8192' : `${value.length}`,
      )
    })
  }

  test('a header of 8192 characters is accepted, and one of 8193 is rejected', () => {
    const header = formatAuthorization(VALUES)
    const padded = header.padEnd(8192)
    expect(padded).toHaveLength(8192)
    expect(parseAuthorization(padded)).toEqual(VALUES)
    expect(refusal(() => parseAuthorization(`${padded} `)).code).toBe('ERR_MAC_HEADER_TOO_LONG')
  })

  test('a header that is too long is not parsed', () => {
    const error = refusal(() => parseAuthorization(`MAC ${'"'.repeat(8192)}`))
    expect(error.code).toBe('ERR_MAC_HEADER_TOO_LONG')
  })
})

describe('formatAuthorization rejects the same values as parseAuthorization, with the same code:', () => {
  const faults: readonly [change: Partial<MacAuthorization>, code: MacErrorCode, found: string][] =
    [
      [{ id: '' }, 'ERR_MAC_PARAMETER_EMPTY', 'id'],
      [{ nonce: '' }, 'ERR_MAC_PARAMETER_EMPTY', 'nonce'],
      [{ ts: '' }, 'ERR_MAC_PARAMETER_EMPTY', 'ts'],
      [{ mac: '' }, 'ERR_MAC_PARAMETER_EMPTY', 'mac'],
      [{ id: 'a"b' }, 'ERR_MAC_HEADER_CHARACTER', 'id holds a double quote (U+0022)'],
      [{ id: 'a\\b' }, 'ERR_MAC_HEADER_CHARACTER', 'id holds a backslash (U+005C)'],
      [{ nonce: 'a\nb' }, 'ERR_MAC_HEADER_CHARACTER', 'nonce holds a control character (U+000A)'],
      [{ nonce: '\x7f' }, 'ERR_MAC_HEADER_CHARACTER', 'nonce holds a control character (U+007F)'],
      [
        { ext: 'naïve' },
        'ERR_MAC_HEADER_CHARACTER',
        'ext holds a character outside ASCII (U+00EF)',
      ],
      [{ ext: '😀' }, 'ERR_MAC_HEADER_CHARACTER', 'ext holds a character outside ASCII (U+1F600)'],
      [{ ext: 'a\r\nX: y' }, 'ERR_MAC_HEADER_CHARACTER', 'ext holds a control character (U+000D)'],
      [{ ts: '01' }, 'ERR_MAC_TIMESTAMP_SYNTAX', 'leading zero'],
      [{ ts: '1\n' }, 'ERR_MAC_TIMESTAMP_SYNTAX', 'digits'],
      [{ ts: '1e3' }, 'ERR_MAC_TIMESTAMP_SYNTAX', 'digits'],
      [{ mac: 'AAAAA' }, 'ERR_MAC_ENCODING', 'base64'],
      [{ mac: 'AAAA\n' }, 'ERR_MAC_ENCODING', 'base64'],
      [{ mac: 'AA=A' }, 'ERR_MAC_ENCODING', 'base64'],
    ]
  for (const [change, code, found] of faults) {
    test(`${JSON.stringify(change)}: ${code}`, () => {
      const error = refusal(() => formatAuthorization({ ...VALUES, ...change }))
      expect(error.code).toBe(code)
      expect(error.message).toContain(found)
      const [name = '', value = ''] = Object.entries(change)[0] as [string, string]
      const good = formatAuthorization({ ...VALUES, ext: 'e' })
      const bad = good.replace(new RegExp(`\\b${name}="[^"]*"`), () => `${name}="${value}"`)
      expect(refusal(() => parseAuthorization(bad)).code).toBe(
        // The parser reports a line feed in quotes before it checks the value.
        value.includes('\n') ? 'ERR_MAC_HEADER_CHARACTER' : code,
      )
    })
  }
})

function lengthWithEmptyExt(): number {
  return formatAuthorization({ ...VALUES, ext: 'e' }).length - 1
}
