import type { MacErrorCode } from '../../src/error-codes.ts'
import { parseAuthorization } from '../../src/protocol/authorization.ts'
import { describe, expect, test } from '../support/runner.ts'
import { refusal } from './refusal.ts'

const MAC = '6T3zZzy2Emppni6bzL7kdRxUWL4='
const REST = `ts="1336363200", nonce="dj8", mac="${MAC}"`
const GOOD = `MAC id="h48", ${REST}`

type Fault = readonly [name: string, header: string, code: MacErrorCode, message: string]

/** Faults of a header. Each has its own message, so that they can be told apart in a log. */
const FAULTS: readonly Fault[] = [
  ['no parameters', 'MAC', 'ERR_MAC_PARAMETER_MISSING', 'lacks the parameter id'],
  ['no ts', without('ts'), 'ERR_MAC_PARAMETER_MISSING', 'lacks the parameter ts'],
  ['no nonce', without('nonce'), 'ERR_MAC_PARAMETER_MISSING', 'lacks the parameter nonce'],
  ['no mac', without('mac'), 'ERR_MAC_PARAMETER_MISSING', 'lacks the parameter mac'],
  ['id twice', `${GOOD}, id="h48"`, 'ERR_MAC_PARAMETER_REPEATED', 'parameter id occurs more'],
  ['ts twice', `${GOOD}, TS=2`, 'ERR_MAC_PARAMETER_REPEATED', 'parameter ts occurs more'],
  ['nonce twice', `${GOOD}, nonce=2`, 'ERR_MAC_PARAMETER_REPEATED', 'parameter nonce occurs'],
  ['mac twice', `${GOOD}, mac=""`, 'ERR_MAC_PARAMETER_REPEATED', 'parameter mac occurs more'],
  ['ext twice', `${GOOD}, ext="", ext=a`, 'ERR_MAC_PARAMETER_REPEATED', 'parameter ext occurs'],
  ['empty id', `MAC id="", ${REST}`, 'ERR_MAC_PARAMETER_EMPTY', 'parameter id is empty'],
  ['empty ts', having('ts', ''), 'ERR_MAC_PARAMETER_EMPTY', 'parameter ts is empty'],
  ['empty nonce', having('nonce', ''), 'ERR_MAC_PARAMETER_EMPTY', 'parameter nonce is empty'],
  ['empty mac', having('mac', ''), 'ERR_MAC_PARAMETER_EMPTY', 'parameter mac is empty'],
  ['a backslash', `MAC id="h\\8", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', 'a backslash (U+005C)'],
  ['a quote in a value', `MAC id="h"8", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', 'has no escapes'],
  [
    'a quote in an unquoted value',
    `MAC id=h"8, ${REST}`,
    'ERR_MAC_HEADER_CHARACTER',
    'a double quote',
  ],
  ['a NUL', `MAC id="h\0", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', 'control character (U+0000)'],
  ['a tab in a value', `MAC id="h\t", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', '(U+0009)'],
  ['a line feed', `MAC id="h\n", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', '(U+000A)'],
  ['DEL', `MAC id=h\x7f, ${REST}`, 'ERR_MAC_HEADER_CHARACTER', 'control character (U+007F)'],
  ['Latin-1', `MAC id="é", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', 'outside ASCII (U+00E9)'],
  [
    'a character outside ASCII in an unquoted value',
    `MAC id=ł, ${REST}`,
    'ERR_MAC_HEADER_CHARACTER',
    '(U+0142)',
  ],
  ['a malformed name', `MAC (id)="h", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', '"(" (U+0028)'],
  ['a name outside ASCII', `MAC ïd="h", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', '(U+00EF)'],
  ['a value without name', `MAC ="h", ${REST}`, 'ERR_MAC_HEADER_CHARACTER', '"=" (U+003D)'],
  ['ts of 0', having('ts', '0'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'it is zero'],
  ['ts with zeros', having('ts', '012'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'a leading zero'],
  ['ts with a minus', having('ts', '-1'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'it has a sign'],
  ['ts with a point', having('ts', '1.5'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'a decimal point'],
  [
    'ts of letters',
    having('ts', '12e3'),
    'ERR_MAC_TIMESTAMP_SYNTAX',
    'characters that are not digits',
  ],
  ['ts of 17 digits', having('ts', '1'.repeat(17)), 'ERR_MAC_TIMESTAMP_SYNTAX', '17 digits'],
  ['no comma', GOOD.replace(', ts', ' ts'), 'ERR_MAC_HEADER_SEPARATOR', 'A comma is missing'],
  ['semicolons', GOOD.replaceAll(',', ';'), 'ERR_MAC_HEADER_SEPARATOR', 'separated by ";"'],
  ['a comma at the end', `${GOOD},`, 'ERR_MAC_HEADER_SYNTAX', 'it ends with a comma'],
  ['two commas', GOOD.replace(',', ',,'), 'ERR_MAC_HEADER_SYNTAX', 'no parameter before a comma'],
  ['an open quote', `MAC id="h48`, 'ERR_MAC_HEADER_SYNTAX', 'has no closing quote'],
  ['a name alone', 'MAC id', 'ERR_MAC_HEADER_SYNTAX', 'a parameter has no value'],
  ['a blank before =', `MAC id ="h", ${REST}`, 'ERR_MAC_HEADER_SYNTAX', 'white space before "="'],
  ['a blank after =', `MAC id= "h", ${REST}`, 'ERR_MAC_HEADER_SYNTAX', 'white space after "="'],
  ['mac in two alphabets', having('mac', '+-/_'), 'ERR_MAC_ENCODING', 'nor base64url'],
  ['two credentials', `${GOOD}, ${GOOD}`, 'ERR_MAC_CREDENTIALS_REPEATED', 'More than one set'],
]

for (const [name, header, code, message] of FAULTS) {
  test(`${name} is rejected with ${code}`, () => {
    const error = refusal(() => parseAuthorization(header))
    expect([error.code, error.status]).toEqual([code, 401])
    expect(error.message).toContain(message)
    expect(error.told).toEqual({ code, title: error.told.title, text: error.message })
  })
}

test('each of these faults has its own message', () => {
  const messages = FAULTS.map(([, header]) => refusal(() => parseAuthorization(header)).message)
  expect(messages.filter((message, at) => messages.indexOf(message) !== at)).toEqual([])
})

describe('another form of the same fault:', () => {
  const forms: readonly Fault[] = [
    ['a plus before ts', having('ts', '+1'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'it has a sign'],
    ['blanks in ts', having('ts', ' 5 '), 'ERR_MAC_TIMESTAMP_SYNTAX', 'not digits'],
    ['ts of 00', having('ts', '00'), 'ERR_MAC_TIMESTAMP_SYNTAX', 'it is zero'],
    ['ts with digits outside ASCII', `MAC ts=１`, 'ERR_MAC_HEADER_CHARACTER', 'outside ASCII'],
    ['mac of an impossible length', having('mac', 'AAAAA'), 'ERR_MAC_ENCODING', 'base64'],
    ['mac with too much padding', having('mac', `${MAC}=`), 'ERR_MAC_ENCODING', 'base64'],
    ['mac with a blank', having('mac', `${MAC} `), 'ERR_MAC_ENCODING', 'base64'],
    ['mac of one letter', having('mac', 'x'), 'ERR_MAC_ENCODING', 'base64'],
    ['one semicolon', GOOD.replace('",', '";'), 'ERR_MAC_HEADER_SEPARATOR', ';'],
    ['a semicolon after an unquoted value', 'MAC id=h48;ts=1', 'ERR_MAC_HEADER_SEPARATOR', ';'],
    ['a semicolon instead of a name', 'MAC id="h48", ;', 'ERR_MAC_HEADER_SEPARATOR', ';'],
    ['nothing between values', GOOD.replace('", ts', '"ts'), 'ERR_MAC_HEADER_SEPARATOR', 'comma'],
    ['a blank between words', 'MAC id=h48 ts=1', 'ERR_MAC_HEADER_SEPARATOR', 'comma'],
    ['a comma at the start', `MAC , id="h48", ${REST}`, 'ERR_MAC_HEADER_SYNTAX', 'no parameter'],
    ['an escaped quote', `${GOOD}, ext="a\\"b"`, 'ERR_MAC_HEADER_CHARACTER', 'backslash'],
    ['DEL in ext', `${GOOD}, ext="\x7f"`, 'ERR_MAC_HEADER_CHARACTER', '(U+007F)'],
    ['DEL in an unknown parameter', `${GOOD}, x="\x7f"`, 'ERR_MAC_HEADER_CHARACTER', '(U+007F)'],
    ['Latin-1 in an unknown parameter', `${GOOD}, x=é`, 'ERR_MAC_HEADER_CHARACTER', '(U+00E9)'],
    ['a folded line', GOOD.replace(', ', ',\n '), 'ERR_MAC_HEADER_CHARACTER', '(U+000A)'],
    ['a no-break space', GOOD.replace(', ', ',\xa0'), 'ERR_MAC_HEADER_CHARACTER', '(U+00A0)'],
    ['a quote before a comma', `${GOOD}, ext="a"", x=""`, 'ERR_MAC_HEADER_CHARACTER', 'quote'],
    ['Basic after it', `${GOOD}, Basic dTpw`, 'ERR_MAC_CREDENTIALS_REPEATED', 'More than one'],
    ['Basic before it', `Basic dTpw, ${GOOD}`, 'ERR_MAC_CREDENTIALS_REPEATED', 'More than one'],
    ['Bearer before it', `Bearer a,\tmac id=x`, 'ERR_MAC_CREDENTIALS_REPEATED', 'More than one'],
    ['a comma before it', `, ${GOOD}`, 'ERR_MAC_CREDENTIALS_REPEATED', 'More than one'],
  ]
  for (const [name, header, code, message] of forms) {
    test(`${name} is rejected with ${code}`, () => {
      const error = refusal(() => parseAuthorization(header))
      expect(error.code).toBe(code)
      expect(error.message).toContain(message)
    })
  }
})

// If the equals sign is missing, this is not a second set of credentials.
for (const name of ['ts', 'nonce', 'ext', 'other']) {
  test(`${name} without an equals sign is reported as a parameter without value`, () => {
    const error = refusal(() => parseAuthorization(`MAC id="h48", ${name} "x"`))
    expect(error.code).toBe('ERR_MAC_HEADER_SYNTAX')
  })
}

/** Returns a valid header, but with another value for one parameter. */
function having(name: string, value: string): string {
  return GOOD.replace(new RegExp(`\\b${name}="[^"]*"`), `${name}="${value}"`)
}

function without(name: string): string {
  return GOOD.replace(new RegExp(`, ${name}="[^"]*"`), '')
}
