import { type ForwardedFamily, forwardedAuthority } from '../../src/protocol/forwarded.ts'
import { cutUrl } from '../../src/protocol/url-pieces.ts'
import { describe, expect, test } from '../support/runner.ts'
import { shownRequest } from './fixed-mac.ts'
import { refusal } from './refusal.ts'

type Fields = Readonly<Record<string, string>>

/** Returns the host and port that a server behind a proxy finds, or the code of the error. */
function seen(family: ForwardedFamily, fields: Fields, host = 'inner:8080'): string {
  const request = shownRequest({ host, target: '/', headers: fields })
  const find = () => forwardedAuthority(request, cutUrl(request.url), family)
  try {
    return Object.values(find()).join(' ')
  } catch {
    return refusal(find).code
  }
}

const x = (proto: string, host?: string, port?: string): Fields => ({
  'x-forwarded-proto': proto,
  ...(host === undefined ? {} : { 'x-forwarded-host': host }),
  ...(port === undefined ? {} : { 'x-forwarded-port': port }),
})

describe('X-Forwarded-*', () => {
  const cases: readonly [name: string, fields: Fields, host: string, expected: string][] = [
    ['nothing is forwarded', {}, 'inner:8080', 'inner 8080'],
    ['the scheme alone', x('https'), 'api.example', 'api.example 443'],
    ['the scheme in upper case', x('HTTPS'), 'api.example', 'api.example 443'],
    ['the scheme beside a Host with a port', x('https'), 'api.example:80', 'api.example 80'],
    ['scheme and host', x('https', 'Api.Example'), 'inner:8080', 'api.example 443'],
    ['a host with a port', x('https', 'api.example:8443'), 'inner', 'api.example 8443'],
    ['a port in its own field', x('https', 'api.example', '8443'), 'inner', 'api.example 8443'],
    ['a default port', x('https', 'api.example', '443'), 'inner', 'api.example 443'],
    [
      'the default port of the other scheme',
      x('https', 'api.example', '80'),
      'inner',
      'api.example 80',
    ],
    ['the same port twice', x('https', 'api.example:8443', '8443'), 'inner', 'api.example 8443'],
    ['two ports', x('https', 'api.example:8443', '443'), 'inner', 'ERR_MAC_FORWARDED'],
    ['a port without host', { 'x-forwarded-port': '81' }, 'inner', 'inner 81'],
    ['a port and a Host with another', x('https', undefined, '443'), 'a:80', 'ERR_MAC_FORWARDED'],
    ['IPv6', x('https', '[::1]'), 'inner', '[::1] 443'],
    ['IPv6 and a port', x('https', '[::1]', '8443'), 'inner', '[::1] 8443'],
    ['IPv6 with a port', x('https', '[::1]:8443', '8443'), 'inner', '[::1] 8443'],
    ['IPv6 with a port, and another', x('https', '[::1]:8443', '1'), 'inner', 'ERR_MAC_FORWARDED'],
    ['several that agree', x('https,HTTPS', 'a.example, A.example'), 'inner', 'a.example 443'],
    ['several schemes', x('https, http', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['several hosts', x('https', 'evil.example, a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['several ports', x('https', 'a.example', '443, 8443'), 'inner', 'ERR_MAC_FORWARDED'],
    ['a host and an empty one', x('https', 'a.example,'), 'inner', 'ERR_MAC_FORWARDED'],
    ['another scheme', x('ftp', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['wss', x('wss', 'a.example'), 'inner', 'a.example 443'],
    ['ws', x('WS', 'a.example'), 'inner', 'a.example 80'],
    ['wss and https', x('wss, https', 'a.example'), 'inner', 'a.example 443'],
    ['wss and http', x('wss, http', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['ws and wss', x('ws, wss', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['wsss', x('wsss', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['an empty scheme', x('', 'a.example'), 'inner', 'ERR_MAC_FORWARDED'],
    ['an empty host', x('https', ''), 'inner', 'ERR_MAC_HOST'],
    ['a malformed host', x('https', 'a@b.example'), 'inner', 'ERR_MAC_HOST'],
    ['an empty port', x('https', 'a.example', ''), 'inner', 'ERR_MAC_HOST'],
    ['a malformed port', x('https', 'a.example', '0443'), 'inner', 'ERR_MAC_HOST'],
    [
      'a malformed port beside a valid one',
      x('https', 'a:443', '0443'),
      'inner',
      'ERR_MAC_FORWARDED',
    ],
  ]
  for (const [name, fields, host, expected] of cases) {
    test(`${name}: ${expected}`, () => {
      expect(seen('x-forwarded', fields, host)).toBe(expected)
      expect(seen('both', fields, host)).toBe(expected)
      expect(seen('forwarded', fields, host)).toBe(seen('forwarded', {}, host))
    })
  }
})

// Only space and tab are white space in a header. Other spaces make the host malformed.
for (const host of ['a.example\u00a0', '\u00a0a.example', 'a.example, a.example\u00a0']) {
  test(`X-Forwarded-Host ${JSON.stringify(host)} is rejected`, () => {
    expect(seen('x-forwarded', x('https', host))).toMatch(/^ERR_MAC_/)
  })
}

describe('Forwarded', () => {
  const cases: readonly [forwarded: string, expected: string][] = [
    ['', 'inner 8080'],
    ['for=192.0.2.60', 'inner 8080'],
    ['proto=https', 'inner 8080'],
    ['host=api.example', 'api.example 80'],
    ['host=api.example;proto=https', 'api.example 443'],
    ['Proto=HTTPS;HOST=Api.Example', 'api.example 443'],
    ['host="api.example:8443";proto="https"', 'api.example 8443'],
    ['host="a\\pi.example"', 'api.example 80'],
    ['host="[::1]:3000"', '[::1] 3000'],
    ['for="[2001:db8::1]:47011";host=a.example;proto=https;by=_x', 'a.example 443'],
    ['for=1;host=a.example , for="a, host=b";;ext="x;proto=https"', 'a.example 80'],
    [' ; host=a.example ; ', 'a.example 80'],
    ['host=a.example, host=A.example;proto=https', 'a.example 443'],
    ['host=evil.example, host=a.example', 'ERR_MAC_FORWARDED'],
    ['proto=http, proto=https', 'ERR_MAC_FORWARDED'],
    ['host=a.example;host=a.example', 'ERR_MAC_FORWARDED'],
    ['proto=ftp', 'ERR_MAC_FORWARDED'],
    ['host=a.example;proto=wss', 'a.example 443'],
    ['host=a.example;proto="Ws"', 'a.example 80'],
    ['proto=ws, proto=https', 'ERR_MAC_FORWARDED'],
    ['host', 'ERR_MAC_FORWARDED'],
    ['host a.example', 'ERR_MAC_FORWARDED'],
    ['host = a.example', 'ERR_MAC_FORWARDED'],
    ['=a.example', 'ERR_MAC_FORWARDED'],
    ['host="a.example"x', 'ERR_MAC_FORWARDED'],
    ['host="a.example" proto=https', 'ERR_MAC_FORWARDED'],
    ['for="x, host=a.example', 'ERR_MAC_FORWARDED'],
    ['host=', 'ERR_MAC_HOST'],
    ['host=""', 'ERR_MAC_HOST'],
    ['host="a.example, b.example"', 'ERR_MAC_HOST'],
    ['host="\\"a.example"', 'ERR_MAC_HOST'],
  ]
  for (const [forwarded, expected] of cases) {
    test(`${JSON.stringify(forwarded)}: ${expected}`, () => {
      expect(seen('forwarded', { forwarded })).toBe(expected)
      expect(seen('both', { forwarded })).toBe(expected)
      expect(seen('x-forwarded', { forwarded })).toBe('inner 8080')
    })
  }

  // A quote that is not closed is malformed: the text after it could be read in two ways.
  const unclosed = ['"', '"host=b.example', 'host=b.example"', 'host="b.example" "', 'for=1, "']
  for (const forwarded of [...unclosed, 'for=";host=b.example', 'for=1;"host=b.example']) {
    test(`${JSON.stringify(forwarded)}: a quote that is not closed is rejected`, () => {
      expect(seen('forwarded', { forwarded })).toBe('ERR_MAC_FORWARDED')
    })
  }

  test('it may have up to 1024 characters', () => {
    const longest = `host=a.example;ext="${'x'.repeat(1003)}"`
    expect(longest).toHaveLength(1024)
    expect(seen('forwarded', { forwarded: longest })).toBe('a.example 80')
    expect(seen('forwarded', { forwarded: `${longest};` })).toBe('ERR_MAC_FORWARDED')
  })
})

test('if no host is forwarded, it is that of the Host header, or else that of the URL', () => {
  const url = 'http://rewritten.example/'
  const find = (fields: Fields) =>
    forwardedAuthority({ method: 'GET', url, headers: new Headers(fields) }, cutUrl(url), 'both')
  const https = { 'x-forwarded-proto': 'https' }
  expect(find({ ...https, host: 'a.example' })).toEqual({ host: 'a.example', port: '443' })
  expect(find(https)).toEqual({ host: 'rewritten.example', port: '443' })
})

describe('Forwarded and X-Forwarded-* together', () => {
  test('can complete each other, and must not contradict each other', () => {
    const forwarded = 'proto=https;host=a.example'
    expect(seen('both', { forwarded: 'host=a.example', ...x('https') })).toBe('a.example 443')
    expect(seen('both', { forwarded, ...x('https', 'A.example') })).toBe('a.example 443')
    expect(seen('both', { forwarded, ...x('wss') })).toBe('a.example 443')
    const upgrade = 'proto=wss;host=a.example'
    expect(seen('both', { forwarded: upgrade, ...x('https') })).toBe('a.example 443')
    expect(seen('both', { forwarded: upgrade, ...x('ws') })).toBe('ERR_MAC_FORWARDED')
    expect(seen('both', { forwarded, 'x-forwarded-port': '444' })).toBe('a.example 444')
    expect(seen('both', { forwarded, ...x('http') })).toBe('ERR_MAC_FORWARDED')
    expect(seen('both', { forwarded, ...x('https', 'b.example') })).toBe('ERR_MAC_FORWARDED')
    expect(seen('forwarded', { forwarded, ...x('http', 'b.example') })).toBe('a.example 443')
    expect(seen('x-forwarded', { forwarded, ...x('http', 'b.example') })).toBe('b.example 80')
  })

  test('cause an error that says what is wrong to the operator, but not to the client', () => {
    const request = shownRequest({ host: 'inner', target: '/', headers: x('https, http') })
    const error = refusal(() => forwardedAuthority(request, cutUrl(request.url), 'both'))
    expect(error.message).toContain('different values of proto')
    expect(error.message).toContain('option origin')
    expect(error.told.text).toBe(error.told.title)
  })
})
