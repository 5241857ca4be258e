import { explain } from '../../src/explain/explain.ts'
import type { ExplainOptions } from '../../src/explain/explanation.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Key, type Signing } from '../support/sign.ts'

const URL = 'http://api.example.com/x?b=1'
const NOW = 1_790_000_000
const KEY = { id: 'ada', key: 'the key of ada, as it is' }

function seen(header: string | undefined, more: object = {}) {
  const headers: Record<string, string> = { host: 'api.example.com' }
  if (header !== undefined) headers.authorization = header
  return { method: 'GET', url: URL, headers, receivedAt: NOW, ...more }
}

function sign(signing: Signing = {}, key: Key = KEY): string {
  return authorization(key, URL, { ts: NOW, nonce: 'dj83hs9s', ...signing })
}

function verdict(header: string | undefined, more: object = {}, options: ExplainOptions = {}) {
  const { code, sentence } = explain(seen(header, more), KEY, options)
  return { code, sentence }
}

describe('without MAC credentials, explain says', () => {
  test('that no header arrived', () => {
    expect(verdict(undefined)).toMatchObject({ code: 'ERR_MAC_MISSING' })
    expect(verdict(undefined).sentence).toContain('No Authorization header arrived')
  })

  test('which other scheme the client used, but not its token', () => {
    expect(verdict('Bearer abc')).toMatchObject({ code: 'ERR_MAC_MISSING' })
    expect(verdict('Bearer abc').sentence).toContain('Bearer')
    expect(verdict('Bearer secret-token').sentence).not.toContain('secret-token')
  })
})

describe('for a malformed header, explain says what is wrong, and where:', () => {
  test.each([
    ['ERR_MAC_HEADER_SEPARATOR', 'MAC id="ada"; ts="1"', 'at position 12: "; ts='],
    ['ERR_MAC_HEADER_SEPARATOR', 'MAC id="ada" ts="1"', 'at position 13: "ts='],
    ['ERR_MAC_HEADER_SYNTAX', 'MAC id="ada", ts="1', 'at position 14: "ts=\\"1"'],
    ['ERR_MAC_PARAMETER_REPEATED', 'MAC id="ada", ts="1", id="eve"', 'at position 22'],
    ['ERR_MAC_PARAMETER_MISSING', 'MAC id="ada", ts="1"', 'lacks the parameter nonce'],
    ['ERR_MAC_HEADER_CHARACTER', 'MAC id="a\\"b", ts="1"', 'a backslash (U+005C)'],
    ['ERR_MAC_HEADER_TOO_LONG', `MAC id="${'a'.repeat(9000)}"`, '9009 characters'],
  ])('%s for %s', (code, header, holds) => {
    expect(verdict(header)).toEqual({ code, sentence: expect.stringContaining(holds) })
  })
})

describe('if the parameters of a malformed header can be recognized, explain checks the MAC:', () => {
  test('a timestamp with a fraction', () => {
    const header = sign().replace(`ts="${NOW}"`, `ts="${NOW}.25"`)
    const explained = explain(seen(header), KEY)
    expect(explained.code).toBe('ERR_MAC_TIMESTAMP_SYNTAX')
    expect(explained.mistakes.map(({ kind }) => kind)).toEqual(['ts-format'])
    expect(explained.notes.join()).toContain('decimal point')
  })

  test('a timestamp as a date', () => {
    const date = new Date(NOW * 1000).toISOString()
    const explained = explain(seen(sign().replace(`ts="${NOW}"`, `ts="${date}"`)), KEY)
    expect(explained.code).toBe('ERR_MAC_TIMESTAMP_SYNTAX')
    expect(explained.mistakes.map(({ kind }) => kind)).toEqual(['ts-format'])
  })

  test('a MAC that is percent-encoded', () => {
    const escaped = sign().replace(/mac="([^"]*)"/, (_, mac) => `mac="${encodeURIComponent(mac)}"`)
    const explained = explain(seen(escaped), KEY)
    expect(explained.code).toBe('ERR_MAC_ENCODING')
    expect(explained.mistakes.map(({ kind }) => kind)).toEqual(['mac-escaped'])
  })

  test('semicolons instead of commas, if everything else is right', () => {
    const explained = explain(seen(sign().replaceAll(', ', '; ')), KEY)
    expect(explained.code).toBe('ERR_MAC_HEADER_SEPARATOR')
    expect(explained.ok).toBe(false)
    expect(explained.sentence).toContain('Everything else is right')
  })
})

describe('about the credential, explain says', () => {
  test('that it does not exist', () => {
    const { code, sentence, lines } = explain(seen(sign()), null)
    expect(code).toBe('ERR_MAC_UNKNOWN_IDENTIFIER')
    expect(sentence).toContain('no credential "ada"')
    expect(lines).toHaveLength(7)
  })

  test('that the request names another one', () => {
    const { code, sentence } = explain(seen(sign({}, { id: 'eve', key: 'another' })), KEY)
    expect(code).toBe('ERR_MAC_UNKNOWN_IDENTIFIER')
    expect(sentence).toContain('"eve"')
  })

  test('that the request names another one, if the key of this one made the MAC', () => {
    const { mistakes } = explain(seen(sign({}, { ...KEY, id: 'eve' })), KEY)
    expect(mistakes.map(({ kind }) => kind)).toEqual(['id'])
  })

  test('that it was revoked or has expired, and when', () => {
    const revoked = explain(seen(sign()), { ...KEY, revoked: NOW - 5 })
    expect(revoked).toMatchObject({ ok: false, code: 'ERR_MAC_REVOKED' })
    expect(revoked.sentence).toContain('2026-09-21T14:13:15Z')
    const expired = explain(seen(sign()), { ...KEY, expires: NOW })
    expect(expired).toMatchObject({ ok: false, code: 'ERR_MAC_EXPIRED' })
    expect(explain(seen(sign()), { ...KEY, expires: NOW + 1, revoked: null }).ok).toBe(true)
  })
})

describe('about the timestamp, explain says', () => {
  test.each([
    [NOW - 301, 'ERR_MAC_TIMESTAMP_STALE', "301 s behind the server's clock"],
    [NOW + 301, 'ERR_MAC_TIMESTAMP_AHEAD', "301 s ahead of the server's clock"],
    [NOW - 3600, 'ERR_MAC_TIMESTAMP_STALE', 'The difference is 1 h'],
    [NOW + 19_810, 'ERR_MAC_TIMESTAMP_AHEAD', 'The difference is 5.5 h'],
    [`${NOW}123`, 'ERR_MAC_TIMESTAMP_AHEAD', 'in milliseconds'],
  ])('for %s: %s', (ts, code, holds) => {
    const { sentence, ...rest } = verdict(sign({ ts }))
    expect(rest).toEqual({ code })
    expect(sentence).toContain(holds)
  })

  test('nothing if it is in the window; windowSeconds sets the window', () => {
    expect(verdict(sign({ ts: NOW - 300 })).code).toBeNull()
    expect(verdict(sign({ ts: NOW - 300 }), {}, { windowSeconds: 60 }).sentence).toContain(
      '60 s are allowed',
    )
    const settings = { windowSeconds: 60 }
    expect(verdict(sign({ ts: NOW - 61 }), { settings }).code).toBe('ERR_MAC_TIMESTAMP_STALE')
  })

  test("nothing if the server's time is not known, except for milliseconds", () => {
    expect(verdict(sign({ ts: 1 }), { receivedAt: undefined })).toMatchObject({ code: null })
    const { code } = verdict(sign({ ts: `${NOW}123` }), { receivedAt: undefined })
    expect(code).toBe('ERR_MAC_TIMESTAMP_AHEAD')
    expect(verdict(sign({ ts: 1 }), { receivedAt: undefined }, { now: NOW }).code).toBe(
      'ERR_MAC_TIMESTAMP_STALE',
    )
  })

  test('that it is wrong, if it is wrong with the learned clock offset', () => {
    const slow = { ...KEY, clockOffset: 4000 }
    expect(explain(seen(sign({ ts: NOW - 4000 })), slow).ok).toBe(true)
    expect(explain(seen(sign({ ts: NOW })), slow).code).toBe('ERR_MAC_TIMESTAMP_AHEAD')
  })
})

describe('explain uses the code of the server for what the request does not show:', () => {
  test.each([
    ['ERR_MAC_REPLAY', 'nonce was used before'],
    ['ERR_MAC_EXT', 'function ext'],
    ['ERR_MAC_REVOKED', 'was revoked'],
    ['ERR_MAC_EXPIRED', 'has expired'],
    ['ERR_MAC_TIMESTAMP_STALE', 'too old'],
    ['ERR_MAC_MISMATCH', 'another key for the identifier'],
    ['ERR_MAC_STORE', 'database failed'],
    ['ERR_MAC_ORIGIN', 'what origin was signed'],
    ['ERR_MAC_TARGET', 'read in several ways'],
    ['ERR_OF_ANOTHER', 'cannot be found out here'],
    ['toString', 'cannot be found out here'],
  ])('%s', (code, holds) => {
    expect(verdict(sign(), { code })).toEqual({ code, sentence: expect.stringContaining(holds) })
  })

  test('a more precise code, if explain finds one', () => {
    const code = 'ERR_MAC_REJECTED'
    expect(explain(seen(sign(), { code }), { ...KEY, revoked: 1 }).code).toBe('ERR_MAC_REVOKED')
    expect(explain(seen(sign(), { code }), { ...KEY, key: 'another' }).code).toBe(
      'ERR_MAC_MISMATCH',
    )
  })
})

test('if no mistake is found, explain says what to check first, and suggests another key last', () => {
  const { code, sentence, mistakes, lines, settings } = explain(seen(sign()), {
    ...KEY,
    key: 'other',
  })
  expect({ code, mistakes, settings }).toEqual({
    code: 'ERR_MAC_MISMATCH',
    mistakes: [],
    settings: null,
  })
  expect(sentence).toMatch(
    /^No known mistake explains the MAC\. Check first .* If it did, .* another key .*\.$/,
  )
  expect(lines).toEqual([
    { name: 'timestamp', received: String(NOW), signed: null },
    { name: 'nonce', received: 'dj83hs9s', signed: null },
    { name: 'method', received: 'GET', signed: null },
    { name: 'request-URI', received: '/x?b=1', signed: null },
    { name: 'host', received: 'api.example.com', signed: null },
    { name: 'port', received: '80', signed: null },
    { name: 'ext', received: '', signed: null },
  ])
})

test('explain says that a mac has the wrong length for an HMAC', () => {
  const { code, sentence } = verdict(sign({ mac: 'AAAA' }))
  expect(code).toBe('ERR_MAC_MISMATCH')
  expect(sentence).toContain('too short or too long for an HMAC')
})

describe('if no mistake is found, explain', () => {
  const other = { ...KEY, key: 'other' }

  test('does not suggest another key of the client, if the server found the MAC right', () => {
    const { code, sentence } = explain(seen(sign(), { code: 'ERR_MAC_REPLAY' }), other)
    expect(code).toBe('ERR_MAC_MISMATCH')
    expect(sentence).toContain('ERR_MAC_REPLAY, so it found the MAC right')
    expect(sentence).not.toContain('another key')
    const mistaken = explain(seen(sign({ port: '443' }), { code: 'ERR_MAC_REPLAY' }), KEY)
    expect(mistaken.notes.join()).toContain('ERR_MAC_REPLAY, so it found the MAC right')
  })

  test.each([
    ['a proxy may have changed the host', {}, 'which a proxy'],
    [
      'the search ended at its limit',
      { maxTries: 10 },
      'ended at its limit before everything was tried',
    ],
  ])('says, before it suggests another key of the client: %s', (_, options, first) => {
    const { sentence } = explain(seen(sign()), other, options)
    expect(sentence.indexOf(first)).toBeGreaterThan(0)
    expect(sentence.indexOf('another key')).toBeGreaterThan(sentence.indexOf(first))
  })

  test('says that the search ended at its limit, if the target is too long for variants', () => {
    const url = `http://api.example.com/${'a'.repeat(70_000)}`
    const explained = explain({ ...seen(sign()), url }, other)
    expect(explained.search.bounded).toBe(true)
    expect(explained.sentence).toContain('ended at its limit')
  })

  test('does not suggest the option origin, if it is set', () => {
    const { sentence } = explain(seen(sign()), other, { origin: 'https://api.example.com' })
    expect(sentence).not.toContain('set origin')
    expect(sentence).toContain('request-URI')
  })
})

test('explain keeps the code ERR_MAC_ORIGIN of the server, and finds the signed origin', () => {
  const header = sign({ port: '443' })
  const explained = explain(seen(header, { code: 'ERR_MAC_ORIGIN' }), KEY)
  expect(explained.code).toBe('ERR_MAC_ORIGIN')
  expect(explained.settings).toEqual({ origin: 'https://api.example.com' })
})

describe('if the server cannot find out the origin, explain says why, and what was signed:', () => {
  test.each<[string, string, object, ExplainOptions]>([
    ['ERR_MAC_HOST', 'http://backend/x?b=1', { host: 'api.example.com' }, {}],
    ['ERR_MAC_ORIGIN', URL, {}, { origin: ['https://a.example', 'https://b.example'] }],
    ['ERR_MAC_FORWARDED', URL, { 'x-forwarded-proto': 'https,http' }, { trustProxy: true }],
    [
      'ERR_MAC_HOST',
      'http://backend/x?b=1',
      { host: 'api.example.com', 'x-forwarded-host': 'b.example' },
      { trustProxy: true },
    ],
  ])('%s for %s %j %j', (code, url, fields, options) => {
    const headers = { host: 'api.example.com', ...fields, authorization: sign() }
    const explained = explain({ method: 'GET', url, headers }, KEY, options)
    expect(explained.code).toBe(code)
    expect(explained.settings).toEqual({ origin: 'http://api.example.com' })
    expect(explained.notes).toHaveLength(1)
  })
})

describe('if the target has a fragment, explain says so, and what the client signed:', () => {
  test.each([
    ['in the URL', { url: `${URL}#/delete` }],
    ['in the URL and in the request line', { url: `${URL}#/delete`, target: '/x?b=1#/delete' }],
    ['only in the request line', { target: '/x?b=1#/delete' }],
  ])('%s', (_, more) => {
    const { code, mistakes, notes, sentence, lines } = explain(seen(sign(), more), KEY)
    expect(code).toBe('ERR_MAC_TARGET')
    expect(mistakes.map(({ kind }) => kind)).toEqual(['target-fragment'])
    expect(sentence).toContain('The client signed "/x?b=1", and "/x?b=1#/delete" arrived')
    expect(notes.join()).toContain('holds a fragment')
    const shown = { name: 'request-URI' as const, received: '/x?b=1#/delete', signed: '/x?b=1' }
    expect(lines).toContainEqual(shown)
  })

  test('even if the client signed the fragment', () => {
    const target = '/x?b=1#top'
    const explained = explain(seen(sign({ target }), { url: `${URL}#top` }), KEY)
    expect(explained).toMatchObject({ ok: false, code: 'ERR_MAC_TARGET', mistakes: [] })
    expect(explained.sentence).toContain('holds a fragment')
  })
})

test.each<[string, ExplainOptions]>([
  ['no option', {}],
  ['one origin', { origin: 'http://api.example.com' }],
  ['a proxy', { trustProxy: true }],
])(
  'with %s, explain names ERR_MAC_HOST for a Host that is not valid, even if the MAC is right',
  (_, options) => {
    const headers = {
      host: 'api.example.com/x',
      'x-forwarded-host': 'api.example.com',
      authorization: sign({ host: 'api.example.com' }),
    }
    const explained = explain({ method: 'GET', url: URL, headers }, KEY, options)
    expect(explained).toMatchObject({ ok: false, code: 'ERR_MAC_HOST' })
    expect(explained.sentence + explained.notes.join()).toContain(
      'The host "api.example.com/x" cannot be used',
    )
  },
)

test('explain suggests an https origin if the proxy says wss', () => {
  const header = sign({ host: 'b.example', port: '8443' })
  const headers = {
    host: 'api.example.com',
    'x-forwarded-proto': 'wss',
    'x-forwarded-host': 'b.example:8443',
  }
  const explained = explain(
    { method: 'GET', url: URL, headers: { ...headers, authorization: header } },
    KEY,
  )
  expect(explained.settings).toEqual({ origin: 'https://b.example:8443' })
})

test('explain names ERR_MAC_HOST for a URL without a host, even if the MAC is right for the Host header', () => {
  const relative = { ...seen(sign()), url: '/x?b=1' }
  expect(explain(relative, KEY)).toMatchObject({ ok: false, code: 'ERR_MAC_HOST', mistakes: [] })
})

test('options override the settings of the request; origin and trustProxy override both', () => {
  const settings = { origin: 'https://a.example', windowSeconds: 60 }
  const report = seen(sign({ ts: NOW - 61 }), { settings, receivedAt: NOW })
  expect(explain(report, KEY).mistakes.map(({ kind }) => kind)).toEqual(['origin'])
  expect(explain(report, KEY, { trustProxy: false }).code).toBe('ERR_MAC_TIMESTAMP_STALE')
  expect(explain(report, KEY, { trustProxy: false, windowSeconds: 61 }).ok).toBe(true)
  expect(explain(report, KEY, { origin: undefined }).mistakes).toHaveLength(1)
})
