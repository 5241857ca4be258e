import fc, { type Arbitrary } from 'fast-check'
import { type CoveredRequest, requestString } from '../../src/protocol/signature.ts'
import { expect, test } from '../support/runner.ts'
import { host, method, plain, target, timestamp } from './arbitraries.ts'
import { unlessRefused } from './refusal.ts'

const RUNS = { numRuns: 3000 }
const NAMES = ['ts', 'nonce', 'method', 'target', 'host', 'port', 'ext'] as const

/** Characters that a change of case can make equal, and characters that separate lines. */
const TRICKY = [
  'a',
  'A',
  's',
  'S',
  'k',
  'K',
  'i',
  'I',
  '1',
  '/',
  '\n',
  '\r',
  '\u2028',
  '\0',
].concat(['ß', 'ſ', '\u212A', 'ı', 'İ', 'é', 'É', 'ﬁ', '\ud800', '\ufffd', '😀'])

const tricky: Arbitrary<string> = fc.string({ unit: fc.constantFrom(...TRICKY), maxLength: 4 })
const element = fc.oneof(tricky, fc.string({ unit: 'binary', maxLength: 8 }))

const anyRequest: Arbitrary<CoveredRequest> = fc
  .array(element, { minLength: 7, maxLength: 7 })
  .map(fromElements)

const goodRequest: Arbitrary<CoveredRequest> = fc.record({
  ts: timestamp,
  nonce: plain(10, 1),
  method,
  target,
  host,
  port: fc.integer({ min: 1, max: 65_535 }).map(String),
  ext: fc.oneof(fc.constant(null), plain(10)),
})

test('the request string is that of the draft, and equal requests have equal strings', () => {
  fc.assert(
    fc.property(goodRequest, (request) => {
      const { ts, nonce, target, port, ext } = request
      const [verb, name] = [request.method.toUpperCase(), request.host.toLowerCase()]
      const text = [ts, nonce, verb, target, name, port, ext ?? '', ''].join('\n')
      expect(requestString(request)).toBe(text)
      expect(requestString({ ...request })).toBe(text)
      const method = request.method.toLowerCase()
      expect(requestString({ ...request, method, host: name.toUpperCase() })).toBe(text)
    }),
    RUNS,
  )
})

test('a request that differs in one element has a different string', () => {
  let compared = 0
  fc.assert(
    fc.property(goodRequest, fc.constantFrom(...NAMES), element, (request, name, value) => {
      if (compare(request, { ...request, [name]: value })) compared++
    }),
    RUNS,
  )
  fc.assert(
    fc.property(anyRequest, fc.constantFrom(...NAMES), element, (request, name, value) => {
      if (compare(request, { ...request, [name]: value })) compared++
    }),
    RUNS,
  )
  expect(compared).toBeGreaterThan(500)
})

test('no two requests have the same string by moving lines from one element into the next', () => {
  const pieces = fc.array(fc.oneof(tricky, fc.constantFrom('a', '1', '')), {
    minLength: 7,
    maxLength: 10,
  })
  const cuts = fc.infiniteStream(fc.nat())
  fc.assert(
    fc.property(pieces, cuts, cuts, (lines, some, others) => {
      compare(fromElements(grouped(lines, some)), fromElements(grouped(lines, others)))
    }),
    { numRuns: 10_000 },
  )
})

/**
 * Expects that the strings of two requests are equal if everything that the MAC covers is equal, and
 * different otherwise. Returns `false` if one of the requests was rejected, so that nothing was compared.
 */
function compare(one: CoveredRequest, other: CoveredRequest): boolean {
  const first = unlessRefused(() => requestString(one))
  const second = unlessRefused(() => requestString(other))
  if (first === null || second === null) return false
  expect(first === second).toBe(covered(one) === covered(other))
  return true
}

function covered({ method, host, ext, ...rest }: CoveredRequest): string {
  const upper = method.replace(/[a-z]/g, (letter) => letter.toUpperCase())
  const lower = host.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return JSON.stringify([upper, lower, ext ?? '', rest.ts, rest.nonce, rest.target, rest.port])
}

function fromElements(elements: readonly string[]): CoveredRequest {
  const [ts = '', nonce = '', method = '', target = '', host = '', port = '', ext = ''] = elements
  return { ts, nonce, method, target, host, port, ext }
}

/** Joins adjacent lines until seven elements are left. */
function grouped(lines: readonly string[], cuts: fc.Stream<number>): string[] {
  const groups = [...lines]
  while (groups.length > 7) {
    const at = cuts.next().value % (groups.length - 1)
    groups.splice(at, 2, `${groups[at]}\n${groups[at + 1]}`)
  }
  return groups
}
