import { describe, expect, test } from '../support/runner.ts'
import { fixedMac, outcome, type Shown } from './fixed-mac.ts'
import { AUTH_MAC, type Expected, RACK_OAUTH2 } from './parse-cases.ts'
import { type ParseVector, readVectors } from './vector-files.ts'

const FILES: readonly [file: string, expected: Expected, count: number, clock: number][] = [
  ['auth_mac-parse', AUTH_MAC, 69, 1_795_468_548],
  ['rack-oauth2-parse', RACK_OAUTH2, 58, 1_795_468_862],
]

const key = '489dks293j39'
const algorithm = 'hmac-sha-1'

for (const [file, expected, count, clock] of FILES) {
  const cases = readVectors<ParseVector[]>(file)
  const credentials = [
    { id: 'h480djs93hd8', key, algorithm },
    { id: 'expired', key, algorithm, expires: clock - 1 },
  ] as const

  describe(file, () => {
    test('every case has an expected outcome, and every expected outcome a case', () => {
      expect(cases).toHaveLength(count)
      expect(cases.map(({ name }) => name).sort()).toEqual(Object.keys(expected).sort())
    })

    // In order and with one server, because some cases depend on earlier ones.
    test('each case has its expected outcome', async () => {
      await using mac = await fixedMac(clock, credentials)
      const found: Record<string, string> = {}
      for (const vector of cases) found[vector.name] = await outcome(mac, shown(vector))
      expect(found).toEqual({ ...expected })
    })
  })
}

test('the case with a forwarded https is accepted if forwarded fields are trusted', async () => {
  const [file, , , clock] = FILES[1] as (typeof FILES)[number]
  const vector = readVectors<ParseVector[]>(file).find(({ name }) => name.includes('Proto https'))
  const headers = { 'x-forwarded-proto': 'https' }
  const request = { ...shown(vector as ParseVector), headers }
  const credentials = [{ id: 'h480djs93hd8', key, algorithm }] as const
  await using distrusting = await fixedMac(clock, credentials)
  expect(await outcome(distrusting, request)).toBe('ERR_MAC_MISMATCH')
  await using trusting = await fixedMac(clock, credentials, { trustProxy: true })
  expect(await outcome(trusting, request)).toBe('accepted')
})

function shown({ request }: ParseVector): Shown {
  const { method, host_header: host, path, query, authorization } = request
  const target = query === undefined ? path : `${path}?${query}`
  return { method, host, target, authorization }
}
