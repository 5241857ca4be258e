import fc from 'fast-check'
import { computeMac } from '../../src/protocol/hmac.ts'
import { macsAreEqual } from '../../src/protocol/signature.ts'
import { expect, test } from '../support/runner.ts'
import { base64, plain } from './arbitraries.ts'

const anyMac = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 2 }), base64)

test('macsAreEqual returns the same as ===', () => {
  const near = fc.tuple(base64, fc.nat(), fc.string({ unit: 'binary', maxLength: 1 }))
  fc.assert(
    fc.property(anyMac, anyMac, (one, other) => {
      expect(macsAreEqual(one, other)).toBe(one === other)
      expect(macsAreEqual(one, one.slice())).toBe(true)
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(near, ([mac, at, character]) => {
      const place = at % (mac.length + 1)
      const replaced = mac.slice(0, place) + character + mac.slice(place + 1)
      expect(macsAreEqual(replaced, mac)).toBe(replaced === mac)
      expect(macsAreEqual(mac, replaced)).toBe(replaced === mac)
    }),
    { numRuns: 3000 },
  )
})

test('another algorithm, key or text gives another MAC', () => {
  fc.assert(
    fc.property(plain(20, 1), plain(20, 1), plain(20), plain(20), (key, other, text, more) => {
      const mac = computeMac('hmac-sha-256', key, text)
      expect(mac).not.toBe(computeMac('hmac-sha-1', key, text))
      expect(mac === computeMac('hmac-sha-256', other, text)).toBe(key === other)
      expect(mac === computeMac('hmac-sha-256', key, more)).toBe(text === more)
    }),
  )
})
