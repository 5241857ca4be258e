import { formatAuthorization, parseAuthorization } from '../../src/protocol/authorization.ts'
import type { MacAuthorization } from '../../src/protocol/parameters.ts'
import { describe, expect, test } from '../support/runner.ts'

const MAC = '6T3zZzy2Emppni6bzL7kdRxUWL4='
const VALUES: MacAuthorization = { id: 'h48', ts: '1336363200', nonce: 'dj8', ext: null, mac: MAC }
const REST = `ts="1336363200", nonce="dj8", mac="${MAC}"`

describe('parseAuthorization finds no MAC credentials in', () => {
  const others = [
    null,
    '',
    'Basic dTpw',
    'Bearer abc',
    'Bearer MAC',
    'MACE id="h48"',
    'MAC="x"',
    ',',
  ]
  for (const header of others) {
    test(JSON.stringify(header), () => {
      expect(parseAuthorization(header)).toBeNull()
    })
  }

  test('a quoted text of another scheme that has MAC after a comma', () => {
    expect(parseAuthorization('Digest username="ada, MAC user", realm="x"')).toBeNull()
  })

  test('a header of another scheme, however long', () => {
    expect(parseAuthorization(`Bearer ${'a'.repeat(20_000)}`)).toBeNull()
  })
})

describe('parseAuthorization accepts', () => {
  const headers: Readonly<Record<string, string>> = {
    'the example of the draft': `MAC id="h48", ${REST}`,
    'another order': `MAC mac="${MAC}", nonce="dj8", ts="1336363200", id="h48"`,
    'an empty ext': `MAC id="h48", ext="", ${REST}`,
    'an empty ext without quotes': `MAC id="h48", ext=, ${REST}`,
    'the scheme in lower case': `mac id="h48", ${REST}`,
    'the scheme in mixed case': `mAc id="h48", ${REST}`,
    'several blanks after the scheme': `MAC  \t id="h48", ${REST}`,
    'a tab after the scheme': `MAC\tid="h48", ${REST}`,
    'no blank after commas': `MAC id="h48", ${REST}`.replaceAll(', ', ','),
    'blanks and tabs around commas': `MAC id="h48", ${REST}`.replaceAll(', ', ' \t, \t'),
    'blanks at the end': `MAC id="h48", ${REST} \t`,
    'names in upper case': `MAC ID="h48", TS="1336363200", Nonce="dj8", MAC="${MAC}"`,
    'a timestamp without quotes': `MAC id="h48", ts=1336363200, nonce="dj8", mac="${MAC}"`,
    'no quotes at all': `MAC id=h48,ts=1336363200,nonce=dj8,mac=${MAC}`,
    'an unknown parameter': `MAC id="h48", ${REST}, bodyhash="x"`,
    'an unknown parameter, twice and empty': `MAC a="", id="h48", ${REST}, a=, a="b"`,
    'an unknown parameter with a known one in its value': `MAC x="id=y, mac=z", id="h48", ${REST}`,
    'an unknown parameter with the name of an inherited property': `MAC __proto__="a", id="h48", ${REST}`,
  }
  for (const [name, header] of Object.entries(headers)) {
    test(name, () => {
      expect(parseAuthorization(header)).toEqual(VALUES)
    })
  }

  test('quoted values with blanks and commas, unchanged', () => {
    const values = { id: ' a, b ', ts: '1', nonce: ';=:/?@[]', ext: " it's; x=1, y ", mac: MAC }
    const header = `MAC id=" a, b ", ts="1", nonce=";=:/?@[]", ext=" it's; x=1, y ", mac="${MAC}"`
    expect(parseAuthorization(header)).toEqual(values)
  })

  test('an unquoted value of all printable ASCII but blank, comma, semicolon, quote and backslash', () => {
    const plain = Array.from({ length: 95 }, (_, at) => String.fromCharCode(0x20 + at))
    const value = plain.filter((character) => !' ,;"\\'.includes(character)).join('')
    expect(parseAuthorization(`MAC id=${value}, ${REST}`)?.id).toBe(value)
  })

  test('a nonce of 64 characters with colon and equals sign', () => {
    const nonce = `264095:${'a'.repeat(56)}=`
    const header = `MAC id="h48", ts="1", nonce="${nonce}", mac="${MAC}"`
    expect(parseAuthorization(header)?.nonce).toBe(nonce)
  })

  test('timestamps of 1 to 16 digits, unchanged', () => {
    for (const ts of ['1', '9', '10', '9007199254740993', '9999999999999999']) {
      const header = `MAC id="h48", ts="${ts}", nonce="dj8", mac="${MAC}"`
      expect(parseAuthorization(header)?.ts).toBe(ts)
    }
  })
})

describe('formatAuthorization', () => {
  test('quotes every value, and leaves out an ext that is null or empty', () => {
    const header = `MAC id="h48", ts="1336363200", nonce="dj8", mac="${MAC}"`
    expect(formatAuthorization(VALUES)).toBe(header)
    expect(formatAuthorization({ ...VALUES, ext: '' })).toBe(header)
    const covered = header.replace(', mac=', ', ext="a,b", mac=')
    expect(formatAuthorization({ ...VALUES, ext: 'a,b' })).toBe(covered)
  })
})

describe('a MAC is read in each form that has the same bytes:', () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => 255 - ((at * 5) % 64)))
  const standard = bytes.toString('base64')

  test.each([
    ['base64', standard],
    ['base64 without padding', standard.replace(/=+$/, '')],
    ['base64url', bytes.toString('base64url')],
    ['base64url with padding', standard.replaceAll('+', '-').replaceAll('/', '_')],
  ])('%s', (_, mac) => {
    const header = `MAC id="h", ts="1", nonce="n", mac="${mac}"`
    expect(parseAuthorization(header)?.mac).toBe(standard)
    expect(parseAuthorization(header.replaceAll('"', ''))?.mac).toBe(standard)
  })

  test('but not in two alphabets at once', () => {
    expect(standard).toContain('/')
    const mixed = `-${standard.slice(1)}`
    expect(() => parseAuthorization(`MAC id="h", ts="1", nonce="n", mac="${mixed}"`)).toThrow(
      'neither base64 nor base64url',
    )
  })
})
