import type { Signing } from '../support/sign.ts'

/** Makes a valid header. What it signs can be changed. */
export type Good = (signing?: Signing) => string

/** @returns A valid header with one thing replaced. */
export function but(good: Good, pattern: RegExp, by: string): string {
  const header = good()
  if (!pattern.test(header)) throw new Error(`${pattern} is not in ${header}`)
  return header.replace(pattern, by)
}

/** Headers that must be rejected (draft §3.1): a name, the error code, and the header. */
export const MALFORMED: readonly [string, string, (good: Good) => string][] = [
  ['no parameters', 'ERR_MAC_PARAMETER_MISSING', () => 'MAC'],
  ['id missing', 'ERR_MAC_PARAMETER_MISSING', (good) => but(good, /id="ada", /, '')],
  ['ts missing', 'ERR_MAC_PARAMETER_MISSING', (good) => but(good, /ts="\d+", /, '')],
  ['nonce missing', 'ERR_MAC_PARAMETER_MISSING', (good) => but(good, /nonce="[^"]*", /, '')],
  ['mac missing', 'ERR_MAC_PARAMETER_MISSING', (good) => but(good, /, mac=".*"/, '')],
  ['id twice', 'ERR_MAC_PARAMETER_REPEATED', (good) => `${good()}, id="ada"`],
  ['ts twice', 'ERR_MAC_PARAMETER_REPEATED', (good) => `${good()}, ts="1"`],
  ['nonce twice', 'ERR_MAC_PARAMETER_REPEATED', (good) => `${good()}, nonce="n"`],
  ['mac twice', 'ERR_MAC_PARAMETER_REPEATED', (good) => `${good()}, mac="AAAA"`],
  ['ext twice', 'ERR_MAC_PARAMETER_REPEATED', (good) => `${good({ ext: 'a' })}, ext="b"`],
  ['id empty', 'ERR_MAC_PARAMETER_EMPTY', (good) => but(good, /id="ada"/, 'id=""')],
  ['ts empty', 'ERR_MAC_PARAMETER_EMPTY', (good) => but(good, /ts="\d+"/, 'ts=""')],
  ['nonce empty', 'ERR_MAC_PARAMETER_EMPTY', (good) => but(good, /nonce="[^"]*"/, 'nonce=""')],
  ['mac empty', 'ERR_MAC_PARAMETER_EMPTY', (good) => but(good, /mac=".*"/, 'mac=""')],
  ['a backslash', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a\\da"')],
  ['an escaped quote', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a\\"da"')],
  ['an unescaped quote', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a"da"')],
  ['a tab within a value', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a\tda"')],
  ['a DEL', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a\x7fda"')],
  ['a byte outside ASCII', 'ERR_MAC_HEADER_CHARACTER', (good) => but(good, /"ada"/, '"a\xe9da"')],
  ['a leading zero', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '01700000000' })],
  ['ts 0', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: 0 })],
  ['a negative ts', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: -1 })],
  ['a plus sign', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '+1700000000' })],
  ['a decimal point', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '1700000000.5' })],
  ['17 digits', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '1'.repeat(17) })],
  ['4000 digits', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '1'.repeat(4000) })],
  ['an exponent', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '1e9' })],
  ['a hexadecimal ts', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: '0x65000000' })],
  ['a ts with spaces', 'ERR_MAC_TIMESTAMP_SYNTAX', (good) => good({ ts: ' 1700000000 ' })],
  ['no comma', 'ERR_MAC_HEADER_SEPARATOR', (good) => but(good, /, ts/, ' ts')],
  ['no comma and no space', 'ERR_MAC_HEADER_SEPARATOR', (good) => but(good, /, ts/, 'ts')],
  ['semicolons', 'ERR_MAC_HEADER_SEPARATOR', (good) => good().replaceAll(',', ';')],
  ['two sets of credentials', 'ERR_MAC_CREDENTIALS_REPEATED', (good) => `${good()}, ${good()}`],
  ['Basic before it', 'ERR_MAC_CREDENTIALS_REPEATED', (good) => `Basic eA==, ${good()}`],
  ['Bearer after it', 'ERR_MAC_CREDENTIALS_REPEATED', (good) => `${good()}, Bearer abc`],
  ['a mac that is not base64', 'ERR_MAC_ENCODING', (good) => good({ mac: 'a*b=' })],
  ['a mac without padding', 'ERR_MAC_ENCODING', (good) => good({ mac: 'AAAAA' })],
  ['8193 characters', 'ERR_MAC_HEADER_TOO_LONG', (good) => good().padEnd(8192, 'x').concat('x')],
  ['a nonce of 4096', 'ERR_MAC_PARAMETER_TOO_LONG', (good) => good({ nonce: 'n'.repeat(4096) })],
  ['an id of 1025', 'ERR_MAC_PARAMETER_TOO_LONG', (good) => but(good, /ada/, 'a'.repeat(1025))],
  ['2000 parameters', 'ERR_MAC_PARAMETER_MISSING', () => `MAC ${'a=1,'.repeat(2000)}a=1`],
  ['a comma at the end', 'ERR_MAC_HEADER_SYNTAX', (good) => `${good()},`],
  ['an open quote', 'ERR_MAC_HEADER_SYNTAX', (good) => `${good()}, a="`],
  ['a name alone', 'ERR_MAC_HEADER_SYNTAX', () => 'MAC id'],
]
