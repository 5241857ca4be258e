import type { MacErrorCode } from '../../src/index.ts'
import { computeMac } from '../../src/protocol/hmac.ts'
import { describe, expect, test } from '../support/runner.ts'
import { fixedMac, outcome, type Shown, shownRequest } from './fixed-mac.ts'
import { ourString, readVectors, type SigningVector } from './vector-files.ts'

/** The expected outcome of a vector. Each vector is in one class, and the counts are checked. */
type Class = 'accepted' | 'outside the grammar' | 'signed otherwise' | 'timestamp rewritten'

const COUNTS: Readonly<Record<string, Readonly<Record<Class, number>>>> = {
  auth_mac: count(115, 6, 3, 0),
  macauthlib: count(218, 12, 18, 0),
  'rack-oauth2': count(230, 10, 6, 2),
}

/** Values that are signed by the rules of the draft, but cannot be sent by its grammar (draft §3.1). */
const OUTSIDE: readonly [value: string, code: MacErrorCode, why: string, ...counts: number[]][] = [
  ['0', 'ERR_MAC_TIMESTAMP_SYNTAX', 'it is zero', 1, 2, 2],
  ['0001336363200', 'ERR_MAC_TIMESTAMP_SYNTAX', 'it has a leading zero', 1, 2, 0],
  ['18446744073709551616', 'ERR_MAC_TIMESTAMP_SYNTAX', 'it has 20 digits', 1, 2, 2],
  ['tab\there', 'ERR_MAC_HEADER_CHARACTER', 'a control character (U+0009)', 1, 2, 2],
  ['quo"te', 'ERR_MAC_HEADER_CHARACTER', 'a double quote (U+0022)', 1, 2, 2],
  ['back\\slash', 'ERR_MAC_HEADER_CHARACTER', 'a backslash (U+005C)', 1, 2, 2],
]

for (const [index, peer] of Object.keys(COUNTS).entries()) {
  const { count: total, vectors } = readVectors<{ count: number; vectors: SigningVector[] }>(peer)

  describe(`requests signed by ${peer}`, () => {
    test('are complete, and in the expected classes', () => {
      const found = count(0, 0, 0, 0)
      for (const vector of vectors) found[classOf(vector)]++
      expect(found).toEqual({ ...COUNTS[peer] } as Record<Class, number>)
      expect(vectors).toHaveLength(total)
      const outside = vectors.filter((vector) => classOf(vector) === 'outside the grammar')
      for (const [value, , , ...counts] of OUTSIDE) {
        const holders = outside.filter(({ ts, ext }) => ts === value || ext === value)
        expect([value, holders.length]).toEqual([value, counts[index] as number])
      }
    })

    for (const vector of vectors) {
      const name = `#${vector.n} ${vector.algorithm} ${vector.note}`
      const kind = classOf(vector)

      test(`${name}: the string and the MAC are those of the draft`, () => {
        const conforms = vector.conforms
        const text = conforms ? vector.normalized : (vector.spec_normalized as string)
        const mac = conforms ? vector.mac : (vector.spec_mac as string)
        expect(Buffer.from(ourString(vector))).toEqual(Buffer.from(text))
        expect(computeMac(vector.algorithm, vector.key, ourString(vector))).toBe(mac)
        if (!conforms) expect([vector.normalized, vector.mac]).not.toEqual([text, mac])
      })

      if (kind === 'accepted') {
        test(`${name}: is accepted once`, async () => {
          await using mac = await macFor(vector)
          expect(await outcome(mac, shown(vector))).toBe('accepted')
          expect(await outcome(mac, shown(vector))).toBe('ERR_MAC_REPLAY')
        })
      }

      if (kind === 'outside the grammar') {
        test(`${name}: is rejected, because its header does not follow the grammar`, async () => {
          const rule = OUTSIDE.find(([value]) => value === vector.ts || value === vector.ext)
          await using mac = await macFor(vector)
          const verdict = await mac.verify(shownRequest(shown(vector)))
          if (verdict.ok) throw new Error('was accepted')
          expect(verdict.error.code).toBe(rule?.[1] as MacErrorCode)
          expect(verdict.error.message).toContain(rule?.[2] as string)
        })
      }

      if (kind === 'signed otherwise') {
        test(`${name}: is rejected, and accepted with the MAC that the draft prescribes`, async () => {
          await using mac = await macFor(vector)
          const verdict = await mac.verify(shownRequest(shown(vector)))
          if (verdict.ok) throw new Error('was accepted')
          expect(verdict.error.code).toBe('ERR_MAC_MISMATCH')
          expect(verdict.error.told.code).toBe('ERR_MAC_REJECTED')
          expect(await outcome(mac, asPrescribed(vector))).toBe('accepted')
        })
      }

      if (kind === 'timestamp rewritten') {
        // For the timestamp 0001336363200, the peer signs and sends 1336363200, which is valid.
        test(`${name}: is accepted as it was sent, and rejected with the original timestamp`, async () => {
          await using mac = await macFor(vector)
          expect(vector.authorization).toContain('ts="1336363200"')
          expect(await outcome(mac, shown(vector))).toBe('accepted')
          const { authorization = '', ...rest } = asPrescribed(vector)
          const asked = authorization?.replace('ts="1336363200"', `ts="${vector.ts}"`) as string
          const rejected = await outcome(mac, { ...rest, authorization: asked })
          expect(rejected).toBe('ERR_MAC_TIMESTAMP_SYNTAX')
        })
      }
    }
  })
}

function count(accepted: number, outside: number, otherwise: number, rewritten: number) {
  const counts: Record<Class, number> = {
    accepted,
    'outside the grammar': outside,
    'signed otherwise': otherwise,
    'timestamp rewritten': rewritten,
  }
  return counts
}

function classOf({ conforms, ts, ext }: SigningVector): Class {
  if (!conforms) return ts === '0001336363200' ? 'timestamp rewritten' : 'signed otherwise'
  const outside = OUTSIDE.some(([value]) => value === ts || (value === ext && value !== '0'))
  return outside ? 'outside the grammar' : 'accepted'
}

/** Returns a `Mac` with only the vector's credential. Its clock shows the vector's timestamp. */
function macFor({ id, key, algorithm, ts }: SigningVector) {
  return fixedMac(Math.min(Number(ts), Number.MAX_SAFE_INTEGER), [{ id, key, algorithm }])
}

function shown({ method, scheme, host_header: host, target, authorization }: SigningVector): Shown {
  return { method, scheme, host, target, authorization }
}

function asPrescribed(vector: SigningVector): Shown {
  const authorization = vector.authorization.replace(vector.mac, vector.spec_mac as string)
  return { ...shown(vector), authorization }
}
