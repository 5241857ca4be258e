import fc, { type Arbitrary } from 'fast-check'
import type { MacAuthorization } from '../../src/protocol/parameters.ts'

function charactersBetween(first: number, last: number, without: string): string[] {
  const all = Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at))
  return all.filter((character) => !without.includes(character))
}

/** A plain-string of the grammar (draft §3.1), of `minLength` to `maxLength` characters. */
export function plain(maxLength: number, minLength = 0): Arbitrary<string> {
  const unit = fc.constantFrom(...charactersBetween(0x20, 0x7e, '"\\'))
  return fc.string({ unit, minLength, maxLength })
}

/** A path and query for a request line. */
export const target: Arbitrary<string> = fc
  .string({ unit: fc.constantFrom(...charactersBetween(0x21, 0x7e, '#')), maxLength: 60 })
  .map((rest) => `/${rest}`)

export const method: Arbitrary<string> = fc.oneof(
  fc.constantFrom('GET', 'POST', 'get', 'M-SEARCH', 'QUERY'),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/),
)

/** IPv6 addresses with many groups of zeros, so that `::` occurs at every position. */
const ipv6: Arbitrary<string> = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'))
  .map((address) => new URL(`http://[${address}]`).hostname)

/** A name, an IPv4 address, or an IPv6 address in canonical form. */
export const host: Arbitrary<string> = fc.oneof(
  fc.domain(),
  fc.domain().map((name) => name.toUpperCase()),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,20}z\.?$/),
  fc.ipV4(),
  ipv6,
)

export const timestamp: Arbitrary<string> = fc
  .bigInt({ min: 1n, max: 9_999_999_999_999_999n })
  .map(String)

export const base64: Arbitrary<string> = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('base64'))

/** Parameters that can be sent. */
export const parameters: Arbitrary<MacAuthorization> = fc.record({
  id: plain(40, 1),
  ts: timestamp,
  nonce: plain(40, 1),
  ext: fc.oneof(fc.constant(null), plain(40, 1)),
  mac: base64,
})

/** A text of pieces from which headers are made, so it is often almost valid. */
export const headerLike: Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom('MAC', 'mac', ' ', '\t', ',', ', ', '=', '"', '\\', ';', 'Basic', 'a', 'é'),
      fc.constantFrom('id', 'ts', 'nonce', 'ext', 'error', 'host', 'proto', '[', ']', ':', '\n'),
      fc.constantFrom('id="a"', 'ts=1', 'ts="2"', 'nonce="n"', 'ext="e"', 'mac="AAAA"', 'x=""'),
      fc.constantFrom('\0', '\x7f', '\ud800', '😀', '0', '443', 'a.example', '::1', '//', 'http:'),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => pieces.join(''))

/** Any text, and texts that are almost valid headers. */
export const anyText: Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  headerLike,
  headerLike.map((text) => `MAC ${text}`),
)
