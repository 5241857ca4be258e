import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { formatExplanation } from '../../src/cli/commands/explain.ts'
import { explain } from '../../src/explain/explain.ts'
import { readSeenRequest } from '../../src/explain/read-seen.ts'
import { requestString } from '../../src/protocol/signature.ts'
import * as arbitrary from '../protocol/arbitraries.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const FORWARDED = fc.oneof(
  fc.constantFrom(
    'https',
    'a.example',
    'a.example:8443',
    'host=a.example;proto=https',
    '443',
    'x,y',
  ),
  arbitrary.anyText,
)

/** Any request: valid, or made up. */
const anySeen = fc.record({
  method: fc.oneof(arbitrary.method, fc.string()),
  url: fc.oneof(
    fc.tuple(arbitrary.host, arbitrary.target).map(([host, target]) => `http://${host}${target}`),
    arbitrary.anyText,
  ),
  target: fc.option(fc.oneof(arbitrary.target, arbitrary.anyText), { nil: undefined }),
  headers: fc.dictionary(
    fc.constantFrom('host', 'forwarded', 'x-forwarded-host', 'x-forwarded-port', 'x-original-uri'),
    FORWARDED,
  ),
  receivedAt: fc.option(fc.double(), { nil: undefined }),
  code: fc.option(fc.string(), { nil: undefined }),
})
const anyCredential = fc.record({
  id: fc.oneof(fc.constant('a'), arbitrary.plain(40, 1)),
  // Long enough that no request contains it by chance.
  key: fc
    .uint8Array({ minLength: 16, maxLength: 40 })
    .map((key) => Buffer.from(key).toString('base64')),
  algorithm: fc.constantFrom('hmac-sha-1' as const, 'hmac-sha-256' as const),
  expires: fc.option(fc.double(), { nil: null }),
  revoked: fc.option(fc.double(), { nil: null }),
})
const anyOptions = fc.record(
  {
    origin: fc.oneof(fc.constant('https://a.example'), fc.string()),
    trustProxy: fc.constantFrom(true, false, 'forwarded' as const),
    now: fc.double(),
    windowSeconds: fc.integer(),
  },
  { requiredKeys: [] },
)
const MAX_TRIES = 300

describe('for any request,', () => {
  test('explain does not throw, and its text is printable', () => {
    const header = fc.option(fc.oneof(arbitrary.anyText, goodHeader()), { nil: undefined })
    fc.assert(
      fc.property(
        anySeen,
        header,
        fc.option(anyCredential),
        anyOptions,
        (seen, sent, key, options) => {
          const headers =
            sent === undefined ? seen.headers : { ...seen.headers, authorization: sent }
          const explained = explain({ ...seen, headers }, key, { ...options, maxTries: MAX_TRIES })
          expect(explained.ok).toBe(explained.code === null)
          expect(explained.sentence).not.toBe('')
          expect(formatExplanation(explained)).toMatch(/^[\n\x20-\x7e]+$/)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('the explanation contains neither the key nor the expected MAC', () => {
    fc.assert(
      fc.property(anySeen, goodHeader(), anyCredential, (seen, sent, credential) => {
        const named = sent.replace(/id="[^"]*"/, () => `id="${credential.id}"`)
        const headers = { ...seen.headers, authorization: named }
        const explained = explain({ ...seen, headers }, credential, { maxTries: MAX_TRIES })
        const all = JSON.stringify(explained) + formatExplanation(explained)
        expect(all).not.toContain(credential.key)
        for (const mac of expectedMacs(credential, explained.lines)) expect(all).not.toContain(mac)
      }),
      { numRuns: 500 },
    )
  })
})

test('explain finds a correctly signed request right, and a request with a changed mac never', () => {
  fc.assert(
    fc.property(
      arbitrary.target,
      arbitrary.method,
      anyCredential,
      fc.boolean(),
      (target, method, key, spoilt) => {
        const url = `http://api.example.com${target}`
        const right = authorization(key, url, { method, ts: 1_790_000_000 })
        const sent = spoilt
          ? right.replace(/mac="(.)/, (_, one) => `mac="${one === 'A' ? 'B' : 'A'}`)
          : right
        const seen = { method, url, headers: { host: 'api.example.com', authorization: sent } }
        const { revoked, expires, ...credential } = key
        const explained = explain(seen, credential, { maxTries: MAX_TRIES })
        expect([explained.ok, explained.mistakes]).toEqual([!spoilt, []])
      },
    ),
  )
})

describe('readSeenRequest returns the request of', () => {
  const request = fc.record({
    method: arbitrary.method,
    target: arbitrary.target,
    host: arbitrary.host,
    authorization: goodHeader(),
  })

  test.each([
    [
      'a head',
      (method: string, target: string, host: string, header: string) =>
        `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${header}\r\n\r\n`,
    ],
    [
      'a transcript of curl',
      (method: string, target: string, host: string, header: string) =>
        `* Connected\n> ${method} ${target} HTTP/1.1\n> Host: ${host}\n> Authorization: ${header}\n>\n< HTTP/1.1 401\n`,
    ],
    [
      'JSON',
      (method: string, url: string, host: string, authorization: string) =>
        JSON.stringify({ method, url, headers: { host, authorization } }),
    ],
    [
      'a log line',
      (method: string, target: string, host: string, header: string) =>
        `method=${method} target=${JSON.stringify(target)} host=${host} authorization=${JSON.stringify(header)}`,
    ],
  ])('%s', (_, write) => {
    fc.assert(
      fc.property(request, ({ method, target, host, authorization }) => {
        const seen = readSeenRequest(write(method, target, host, authorization))
        expect(seen).toEqual({
          method,
          url: `http://${host}${target}`,
          target,
          headers: { host, authorization: authorization.trimEnd() },
        })
      }),
    )
  })

  test('any text, or throws a TypeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), arbitrary.anyText, fc.json()), (text) => {
        try {
          readSeenRequest(text)
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
      }),
    )
  })
})

describe('the search ends within its limits for', () => {
  const key = { id: 'a', key: 'the key of a, as it is written' }
  const mac = `${'A'.repeat(43)}=`

  test.each([
    ['a plain request', '/', 'n', ''],
    ['a header of 8 KiB', '/', 'n'.repeat(500), 'e'.repeat(7400)],
    ['a URL of 64 KiB', `/${'a%20b/'.repeat(10_000)}?${'c=d&'.repeat(1000)}`, 'n', ''],
    ['a URL of 1 MiB', `/${'%41+~'.repeat(200_000)}`, 'n', ''],
    ['a URL of many slashes', '/'.repeat(100_000), 'n', ''],
    ['a query of many percent signs', `/?${'%'.repeat(100_000)}`, 'n', ''],
  ])('%s', (_, target, nonce, ext) => {
    const header = `MAC id="a", ts="1790000000", nonce="${nonce}", ext="${ext}", mac="${mac}"`
    const headers = { host: 'a.example', authorization: header }
    const { search, mistakes } = explain(
      { method: 'GET', url: `http://a.example${target}`, headers },
      key,
    )
    expect(mistakes).toEqual([])
    expect(search.tried).toBeLessThanOrEqual(60_000)
    // The limit of characters ends the search for long requests.
    expect(search.tried * (target.length + ext.length)).toBeLessThan(50_000_000)
  })

  test('a lower maxTries, and says that it ended at a limit', () => {
    const headers = {
      host: 'a.example',
      authorization: authorization({ id: 'a', key: 'x' }, 'http://a.example/'),
    }
    const seen = { method: 'GET', url: 'http://a.example/', headers }
    const { search, sentence } = explain(seen, key, { maxTries: 10 })
    expect(search).toEqual({ tried: 10, bounded: true })
    expect(sentence).toContain('ended at its limit')
  })
})

/** A valid header, with a MAC of a valid length. */
function goodHeader() {
  return fc
    .tuple(arbitrary.parameters, fc.constantFrom(20, 32), fc.integer())
    .map(([{ id, ts, nonce, ext }, length, seed]) => {
      const mac = createHmac('sha512', String(seed))
        .update('')
        .digest()
        .subarray(0, length)
        .toString('base64')
      return `MAC id="${id}", ts="${ts}", nonce="${nonce}"${ext === null ? '' : `, ext="${ext}"`}, mac="${mac}"`
    })
}

/** The MACs of the request as received. Empty if it cannot be signed. */
function expectedMacs(
  { key }: { key: string },
  lines: readonly { name: string; received: string }[],
): string[] {
  const [ts = '', nonce = '', method = '', target = '', host = '', port = '', ext = ''] = lines.map(
    ({ received }) => received,
  )
  try {
    const text = requestString({ ts, nonce, method, target, host, port, ext })
    return ['sha1', 'sha256'].map((hash) => createHmac(hash, key).update(text).digest('base64'))
  } catch {
    return []
  }
}
