import fc from 'fast-check'
import { formatAuthorization, parseAuthorization } from '../../src/protocol/authorization.ts'
import { readBodyExt } from '../../src/protocol/body-digest.ts'
import { formatChallenge, parseChallenge } from '../../src/protocol/challenge.ts'
import { forwardedAuthority } from '../../src/protocol/forwarded.ts'
import { parseAuthority } from '../../src/protocol/host.ts'
import { cutUrl } from '../../src/protocol/url-pieces.ts'
import { expect, test } from '../support/runner.ts'
import { anyText, headerLike, parameters, plain } from './arbitraries.ts'
import { unlessRefused } from './refusal.ts'

const RUNS = { numRuns: 2000 }

test('parseAuthorization returns what formatAuthorization wrote', () => {
  fc.assert(
    fc.property(parameters, (values) => {
      expect(parseAuthorization(formatAuthorization(values))).toEqual(values)
    }),
    RUNS,
  )
})

test('order, case of the names, quotes, blanks and unknown parameters make no difference', () => {
  const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
  const style = fc.record({
    scheme: fc.mixedCase(fc.constant('mac')),
    before: blanks,
    after: blanks,
    unknown: fc.array(fc.tuple(fc.stringMatching(/^x[a-z_-]{0,5}$/), plain(10)), { maxLength: 3 }),
    order: fc.infiniteStream(fc.nat()),
    quoted: fc.infiniteStream(fc.boolean()),
    upper: fc.infiniteStream(fc.boolean()),
  })
  fc.assert(
    fc.property(parameters, style, (values, { scheme, before, after, unknown, ...how }) => {
      const given = [...Object.entries(values), ...unknown].filter(([, value]) => value !== null)
      const pieces = given.map(([name = '', value = '']) => {
        const written = [...name].map((c) => (next(how.upper) ? c.toUpperCase() : c)).join('')
        const quote = next(how.quoted) || /[ ,;]|^$/.test(value as string) ? '"' : ''
        return { place: next(how.order), text: `${written}=${quote}${value}${quote}` }
      })
      pieces.sort((a, b) => a.place - b.place)
      const list = pieces.map(({ text }) => text).join(`${before},${after}`)
      expect(parseAuthorization(`${scheme} ${before}${list}${after}`)).toEqual(values)
    }),
    RUNS,
  )
})

test('whatever parseAuthorization returns for any text can be written, and is then parsed to the same', () => {
  let read = 0
  const nearly = fc
    .tuple(parameters, headerLike, fc.nat())
    .map(([values, text, at]) => insert(formatAuthorization(values), text, at))
  fc.assert(
    fc.property(fc.oneof(anyText, nearly), (header) => {
      const values = unlessRefused(() => parseAuthorization(header))
      if (values === null) return
      read++
      expect(parseAuthorization(formatAuthorization(values))).toEqual(values)
      const { mac, ...others } = values
      for (const value of Object.values(others)) expect(header).toContain(value ?? '')
      // It may have been in base64url, or without padding.
      expect(header.replaceAll('-', '+').replaceAll('_', '/')).toContain(mac.replace(/=+$/, ''))
    }),
    { numRuns: 10_000 },
  )
  // Otherwise the property would test nothing.
  expect(read).toBeGreaterThan(100)
})

test('the parsers throw nothing but a MacError for any text', () => {
  const headers = new Headers()
  fc.assert(
    fc.property(anyText, anyText, (text, other) => {
      unlessRefused(() => parseAuthorization(text))
      unlessRefused(() => parseChallenge(text))
      unlessRefused(() => readBodyExt(text))
      unlessRefused(() => cutUrl(text))
      unlessRefused(() => cutUrl(`https://${text}`))
      unlessRefused(() => parseAuthority(text, 'http'))
      const get = (name: string) => (name === 'forwarded' ? text : other)
      const url = { scheme: 'http', authority: 'a', target: '/' } as const
      for (const family of ['forwarded', 'x-forwarded', 'both'] as const) {
        const request = { method: 'GET', url: '', headers: { ...headers, get } }
        unlessRefused(() => forwardedAuthority(request, url, family))
      }
    }),
    { numRuns: 5000 },
  )
})

test('parseChallenge returns what formatChallenge wrote, if it is printable ASCII', () => {
  const text = fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }))
  fc.assert(
    fc.property(fc.record({ error: text, ts: text, tsm: text }), (challenge) => {
      const header = formatChallenge(challenge)
      expect(parseChallenge(header)).toEqual(challenge)
      const among = `Basic realm="a, b", Negotiate YII=, ${header}, Bearer error="y"`
      expect(parseChallenge(among)).toEqual(challenge)
    }),
    RUNS,
  )
})

test('formatChallenge returns only printable ASCII for any error', () => {
  fc.assert(
    fc.property(anyText, (error) => {
      const header = formatChallenge({ error, ts: null, tsm: null })
      expect(header).toMatch(/^MAC error="(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/)
      expect(parseChallenge(header)?.error).toBe(
        error.replace(/\p{Cc}/gu, ' ').replace(/[^\x20-\x7e]/gu, '?'),
      )
    }),
    RUNS,
  )
})

function next<Value>(stream: fc.Stream<Value>): Value {
  return stream.next().value
}

function insert(text: string, piece: string, at: number): string {
  const place = at % (text.length + 1)
  return text.slice(0, place) + piece + text.slice(place)
}
