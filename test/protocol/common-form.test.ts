import fc from 'fast-check'
import { parseAuthorization, readCommonForm } from '../../src/protocol/authorization.ts'
import type { MacAuthorization } from '../../src/protocol/parameters.ts'
import { expect, test } from '../support/runner.ts'

const COMMON =
  'MAC id="h480djs93hd8", ts="1336363200", nonce="dj83hs9s", mac="SIBz/j9mI1Ba2Y+10wdwbQGv2Yk="'

/** Parses a header with readAnyForm: the scheme in mixed case is not the common form. */
function inAnyForm(header: string): MacAuthorization | null {
  const other = header.replace(/^MAC /, 'mAC ')
  try {
    return parseAuthorization(other)
  } catch {
    return null
  }
}

test('readCommonForm parses the common form', () => {
  expect(readCommonForm(COMMON)).toEqual({
    id: 'h480djs93hd8',
    ts: '1336363200',
    nonce: 'dj83hs9s',
    ext: null,
    mac: 'SIBz/j9mI1Ba2Y+10wdwbQGv2Yk=',
  })
  expect(readCommonForm(COMMON)).toEqual(inAnyForm(COMMON))
})

const fragment = fc.oneof(
  fc.constantFrom('MAC ', 'mac ', 'id=', 'ts=', 'nonce=', 'ext=', 'mac=', 'ID=', 'idx=', 'foo='),
  fc.constantFrom('"', '""', ', ', ',', ',,', ' ', '\t', ';', '=', '\\', '\u00e9', '\0'),
  fc.constantFrom('"ada"', '"1336363200"', '"0136"', '"n"', '"AAAA"', '"AAA="', '"AA"', '"a,b"'),
)

test('readAnyForm returns whatever readCommonForm returns', () => {
  let read = 0
  const good = ['id="a"', 'ts="12"', 'nonce="n"', 'ext="e"', 'ext=""', 'mac="AAAA"']
  const parts = fc
    .tuple(
      fc.oneof(fc.subarray(good, { minLength: 4 }), fc.shuffledSubarray(good, { minLength: 4 })),
      fc.array(fragment, { maxLength: 1 }),
      fc.nat(6),
    )
    .map(([some, odd, at]) => some.toSpliced(at, 0, ...odd))
  const separator = fc.constantFrom(', ', ',', ',  ')
  fc.assert(
    fc.property(parts, separator, (given, comma) => {
      const header = `MAC ${given.join(comma)}`
      const common = readCommonForm(header)
      if (common === null) return
      read++
      expect(common).toEqual(inAnyForm(header) as MacAuthorization)
    }),
    // About 270 of these are in the common form.
    { numRuns: 7000 },
  )
  expect(read).toBeGreaterThan(100)
})

test('readCommonForm parses a header with one changed character like readAnyForm, or not at all', () => {
  fc.assert(
    fc.property(
      fc.nat(COMMON.length - 1),
      fc.string({ unit: 'binary', maxLength: 2 }),
      (at, text) => {
        const header = COMMON.slice(0, at) + text + COMMON.slice(at + 1)
        const common = readCommonForm(header)
        if (common !== null) expect(common).toEqual(inAnyForm(header) as MacAuthorization)
      },
    ),
    { numRuns: 3000 },
  )
})

test('readCommonForm returns null for another order, an unknown parameter, a long value and a wrong encoding', () => {
  for (const header of [
    COMMON.replace('id="h480djs93hd8", ', '').replace(', mac', ', id="h480djs93hd8", mac'),
    COMMON.replace('nonce', 'x="y", nonce'),
    COMMON.replace('h480djs93hd8', 'i'.repeat(1025)),
    COMMON.replace('dj83hs9s', 'n'.repeat(513)),
    COMMON.replace('Yk="', 'Yk"'),
    COMMON.replace('SIBz', 'SI-z'),
    `${COMMON},`,
    `${COMMON}\n`,
  ]) {
    expect(readCommonForm(header)).toBeNull()
  }
})
