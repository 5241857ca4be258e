import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { formatBodyExt, readBodyExt } from '../../src/protocol/body-digest.ts'
import { describe, expect, test } from '../support/runner.ts'
import { plain } from './arbitraries.ts'
import { refusal } from './refusal.ts'

const EMPTY = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
const LONG =
  'z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=='

test('the digests used here are those of the empty string', () => {
  expect(createHash('sha256').digest('base64')).toBe(EMPTY)
  expect(createHash('sha512').digest('base64')).toBe(LONG)
})

test('formatBodyExt writes the digest as a dictionary, before the application’s part', () => {
  expect(formatBodyExt(EMPTY, null)).toBe(`sha-256=:${EMPTY}:`)
  expect(formatBodyExt(EMPTY, '')).toBe(`sha-256=:${EMPTY}:`)
  expect(formatBodyExt(EMPTY, 'a,b,c')).toBe(`sha-256=:${EMPTY}: a,b,c`)
})

describe('readBodyExt finds the digests', () => {
  const both = { 'sha-256': EMPTY, 'sha-512': LONG }
  const cases: readonly [text: string, digests: Record<string, string>, ext: string | null][] = [
    [`sha-256=:${EMPTY}:`, { 'sha-256': EMPTY }, null],
    [`sha-512=:${LONG}:`, { 'sha-512': LONG }, null],
    [`sha-256=:${EMPTY}:, sha-512=:${LONG}:`, both, null],
    [`sha-512=:${LONG}:, sha-256=:${EMPTY}: x`, both, 'x'],
    [`md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, sha-256=:${EMPTY}:`, { 'sha-256': EMPTY }, null],
    [`sha-256=:${EMPTY}:, *x.y_z-1=::, x=:?: a`, { 'sha-256': EMPTY }, 'a'],
    [`sha-256=:${EMPTY}: a,b,c`, { 'sha-256': EMPTY }, 'a,b,c'],
    [`sha-256=:${EMPTY}:  a`, { 'sha-256': EMPTY }, ' a'],
    [`sha-256=:${EMPTY}: , a`, { 'sha-256': EMPTY }, ', a'],
    [`sha-256=:${EMPTY}: sha-256=:${EMPTY}:`, { 'sha-256': EMPTY }, `sha-256=:${EMPTY}:`],
    [`sha-256=:${EMPTY}: `, { 'sha-256': EMPTY }, null],
  ]
  test.each(cases)('in %s', (text, digests, ext) => {
    const read = readBodyExt(text)
    expect(Object.fromEntries(read?.digests ?? [])).toEqual(digests)
    expect(read?.ext).toBe(ext)
  })
})

const without = [
  null,
  '',
  'a,b,c',
  'a=b',
  ` sha-256=:${EMPTY}:`,
  `a sha-256=:${EMPTY}:`,
  'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:',
  'md5=:1B2M2Y8AsgTpgAmY7PhCfg==: a',
  'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, a',
  'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:a',
  'sha-256',
  'sha-1=:a:',
  'sha-2567=:a:',
]

test.each(without)(
  'readBodyExt finds no digest in %p, which belongs to the application',
  (text) => {
    expect(readBodyExt(text)).toBeNull()
  },
)

describe('readBodyExt rejects a malformed digest:', () => {
  const faults: readonly [text: string, why: string][] = [
    ['sha-256=', 'not a dictionary'],
    [`sha-256=${EMPTY}`, 'not a dictionary'],
    [`sha-256=:${EMPTY}`, 'not a dictionary'],
    [`SHA-256=:${EMPTY}:`, 'not a dictionary'],
    [`a=:b:, Sha-512=:${LONG}:`, 'not a dictionary'],
    [`sha-256=:${EMPTY}:, `, 'not a dictionary'],
    [`sha-256=:${EMPTY}:, a`, 'not a dictionary'],
    [`sha-256=:${EMPTY}:, sha-512=:${LONG}`, 'not a dictionary'],
    ['sha-256=::', 'not the base64 of a digest'],
    [`sha-256=:${LONG}:`, 'not the base64 of a digest'],
    [`sha-512=:${EMPTY}:`, 'not the base64 of a digest'],
    [`sha-256=:${EMPTY.slice(0, -1)}:`, 'not the base64 of a digest'],
    [`sha-256=:${EMPTY.replace('+', '-')}:`, 'not the base64 of a digest'],
    [`sha-256=:${EMPTY}:, sha-256=:${EMPTY}:`, 'more than once'],
    [`sha-256=:${EMPTY}:a`, 'no space'],
    [`sha-256=:${EMPTY}:,a`, 'no space'],
    [`sha-256=:${EMPTY}:;q=1`, 'no space'],
  ]
  test.each(faults)('%s: %s', (text, why) => {
    const error = refusal(() => readBodyExt(text))
    expect([error.code, error.status]).toEqual(['ERR_MAC_BODY_SYNTAX', 401])
    expect(error.message).toContain(why)
  })
})

test('readBodyExt returns what formatBodyExt wrote, whatever the application’s part is', () => {
  const body = fc.uint8Array({ maxLength: 100 })
  fc.assert(
    fc.property(body, fc.option(plain(60, 1)), (bytes, ext) => {
      const digest = createHash('sha256').update(bytes).digest('base64')
      const read = readBodyExt(formatBodyExt(digest, ext))
      expect([...(read?.digests ?? [])]).toEqual([['sha-256', digest]])
      expect(read?.ext).toBe(ext)
    }),
  )
})
