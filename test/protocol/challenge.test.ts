import { formatChallenge, type MacChallenge, parseChallenge } from '../../src/protocol/challenge.ts'
import { describe, expect, test } from '../support/runner.ts'
import { refusal } from './refusal.ts'

const challengeWith = (error: string | null): MacChallenge => ({ error, ts: null, tsm: null })

describe('formatChallenge writes the error', () => {
  const cases: readonly [error: string | null, header: string][] = [
    [null, 'MAC'],
    ['', 'MAC error=""'],
    ['The nonce was used before.', 'MAC error="The nonce was used before."'],
    ['say "x"', 'MAC error="say \\"x\\""'],
    ['a\\b', 'MAC error="a\\\\b"'],
    ['\\"', 'MAC error="\\\\\\""'],
    ['a\r\nSet-Cookie: b', 'MAC error="a  Set-Cookie: b"'],
    ['\0\t\x1f\x7f\x80\x9f', 'MAC error="      "'],
    ['naïve 😀 \u2028', 'MAC error="na?ve ? ?"'],
    ['\ud800', 'MAC error="?"'],
  ]
  for (const [error, header] of cases) {
    test(JSON.stringify(error), () => {
      expect(formatChallenge(challengeWith(error))).toBe(header)
      expect(new Headers({ 'www-authenticate': header }).get('www-authenticate')).toBe(header)
    })
  }
})

describe('parseChallenge finds the challenge in', () => {
  const cases: readonly [header: string | null, error: string | null | undefined][] = [
    [null, undefined],
    ['', undefined],
    [' , ,', undefined],
    ['Basic realm="x"', undefined],
    ['Basic realm="MAC error=y"', undefined],
    ['MACE error="x"', undefined],
    ['Negotiate', undefined],
    ['MAC', null],
    ['mac', null],
    ['MAC ', null],
    ['MAC, Basic', null],
    ['MAC realm="x"', null],
    ['MAC error="x"', 'x'],
    ['mAc ERROR="x"', 'x'],
    ['MAC error=x', 'x'],
    ['MAC error=""', ''],
    ['MAC \t error="x" \t', 'x'],
    ['MAC error="a, b=\\"c\\", \\\\ MAC"', 'a, b="c", \\ MAC'],
    ['MAC realm="a", error="x"', 'x'],
    ['MAC error="x", realm="a"', 'x'],
    ['MAC realm=a ,, error="x"', 'x'],
    ['Basic realm="a, b", MAC error="x"', 'x'],
    ['Basic realm="a, MAC error=\\"y\\"", MAC error="x"', 'x'],
    ['Basic realm="a", error="y", MAC error="x"', 'x'],
    ['Basic realm="a", error="y", MAC', null],
    ['MAC error="x", Basic error="y"', 'x'],
    ['MAC, Bearer error="y"', null],
    ['MAC error="x", MAC error="y"', 'x'],
    ['Negotiate YII=, MAC error="x"', 'x'],
    ['Negotiate YII=', undefined],
    ['Negotiate a/b+c-d._~==, NTLM, MAC error="x"', 'x'],
    ['Negotiate YII= \t, MAC', null],
    ['MAC error=', null],
    ['MAC YII=, Basic realm="x"', null],
  ]
  for (const [header, error] of cases) {
    test(`${header}: ${error === undefined ? 'none' : JSON.stringify(error)}`, () => {
      expect(parseChallenge(header)).toEqual(error === undefined ? null : challengeWith(error))
    })
  }
})

describe('parseChallenge rejects a header that does not follow the grammar:', () => {
  const faults: readonly [header: string, why: string][] = [
    ['MAC error="x', 'a quote is not closed'],
    ['MAC error="x\\', 'a quote is not closed'],
    ['MAC error="x\\"', 'a quote is not closed'],
    ['MAC error="x" realm="y"', 'a comma is missing'],
    ['MAC error="x"y', 'a comma is missing'],
    ['MAC error="x"; realm="y"', 'a comma is missing'],
    ['Negotiate YII=, x=y z', 'a comma is missing'],
    ['MAC error, Basic "', 'a name is missing'],
    ['MAC realm=x, error= ', 'a name is missing'],
    ['MAC error=é', 'a name is missing'],
    ['"MAC"', 'a name is missing'],
    ['=x', 'a name is missing'],
    ['MAC error x', 'a parameter has no value'],
    ['MAC err*r', 'a parameter has no value'],
    [`MAC error="${'x'.repeat(8181)}"`, 'it is too long'],
  ]
  for (const [header, why] of faults) {
    test(`${header.slice(0, 40)}: ${why}`, () => {
      const error = refusal(() => parseChallenge(header))
      expect([error.code, error.status]).toEqual(['ERR_MAC_CHALLENGE_SYNTAX', 500])
      expect(error.message).toContain(why)
    })
  }

  test('a header of 8192 characters is not too long', () => {
    const error = 'x'.repeat(8180)
    const header = formatChallenge(challengeWith(error))
    expect(header).toHaveLength(8192)
    expect(parseChallenge(header)).toEqual(challengeWith(error))
  })
})

describe('the server’s time', () => {
  const header = 'MAC error="x", ts="1790000000", tsm="AAA="'
  const whole: MacChallenge = { error: 'x', ts: '1790000000', tsm: 'AAA=' }

  test('is after the error', () => {
    expect(formatChallenge(whole)).toBe(header)
    expect(formatChallenge({ ...whole, error: null })).toBe('MAC ts="1790000000", tsm="AAA="')
  })

  const spellings: readonly [header: string, challenge: MacChallenge][] = [
    [header, whole],
    ['mac TSM="AAA=", Ts=1790000000, error="x"', whole],
    ['MAC ts="1790000000"', { error: null, ts: '1790000000', tsm: null }],
    ['MAC tsm="AAA="', { error: null, ts: null, tsm: 'AAA=' }],
    ['Basic ts="1", tsm="B", MAC error="x"', challengeWith('x')],
    ['MAC error="x", Hawk ts="1", tsm="B"', challengeWith('x')],
  ]
  test.each(spellings)('is read from %s, if it is in the MAC challenge', (text, challenge) => {
    expect(parseChallenge(text)).toEqual(challenge)
  })
})

// Recipients must accept white space around the equals sign (RFC 9110 §5.6.3 and §11.2).
for (const header of ['MAC error = "x"', 'Basic realm = "a", MAC error="x"', 'MAC error= "x"']) {
  test(`parseChallenge accepts white space around "=": ${header}`, () => {
    expect(parseChallenge(header)).toEqual(challengeWith('x'))
  })
}
