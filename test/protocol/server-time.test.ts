import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { serverTimeOf, serverTimeString } from '../../src/protocol/challenge.ts'
import { prepareKey, serverTimeMac } from '../../src/protocol/hmac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm, requestString } from '../../src/protocol/signature.ts'
import { describe, expect, test } from '../support/runner.ts'
import { host, method, parameters, plain, target, timestamp } from './arbitraries.ts'

const credential = { algorithm: 'hmac-sha-256', key: '489dks293j39' } as const
const sent = { id: 'h480djs93hd8', nonce: 'dj83hs9s', ts: '1336363200' }
const time = { ...sent, serverTs: '1790000000' }
/** Returns the server's time as the client that signed with this credential finds it. */
function timeOf(
  challenge: Parameters<typeof serverTimeOf>[0],
  { algorithm, key }: { readonly algorithm: MacAlgorithm; readonly key: string },
  request: Parameters<typeof serverTimeOf>[2],
): Promise<number | null> {
  return serverTimeOf(challenge, prepareKey(algorithm, key), request)
}
const TEXT =
  'withmac-server-time-1\n' + 'h480djs93hd8\n' + 'dj83hs9s\n' + '1336363200\n' + '1790000000\n'

test('the string contains its use, the parameters of the request, and the server’s time', () => {
  expect(serverTimeString(time)).toBe(TEXT)
})

test('the MAC is the base64 of the HMAC of that string', () => {
  for (const [algorithm, hash] of [
    ['hmac-sha-256', 'sha256'],
    ['hmac-sha-1', 'sha1'],
  ] as const) {
    const expected = createHmac(hash, credential.key).update(TEXT).digest('base64')
    expect(serverTimeMac(algorithm, credential.key, time)).toBe(expected)
  }
})

describe('the server’s time in a challenge', () => {
  const tsm = serverTimeMac(credential.algorithm, credential.key, time)
  const challenge = { ts: '1790000000', tsm }

  test('is returned if its MAC is right', async () => {
    expect(await timeOf(challenge, credential, sent)).toBe(1790000000)
  })

  test('is ignored with another key or algorithm', async () => {
    expect(await timeOf(challenge, { ...credential, key: 'x' }, sent)).toBeNull()
    expect(await timeOf(challenge, { ...credential, algorithm: 'hmac-sha-1' }, sent)).toBeNull()
  })

  for (const name of ['id', 'nonce', 'ts'] as const) {
    test(`is ignored in the response to a request with another ${name}`, async () => {
      expect(await timeOf(challenge, credential, { ...sent, [name]: '1' })).toBeNull()
    })
  }

  test('is ignored if it was changed, or has no MAC', async () => {
    expect(await timeOf({ ts: '1790000001', tsm }, credential, sent)).toBeNull()
    expect(await timeOf({ ts: '1790000000', tsm: null }, credential, sent)).toBeNull()
    expect(await timeOf({ ts: '1790000000', tsm: '' }, credential, sent)).toBeNull()
    expect(await timeOf({ ts: null, tsm }, credential, sent)).toBeNull()
  })

  test('is ignored if it is not a timestamp, even if its MAC is right', async () => {
    for (const serverTs of ['', '0', '-1', '01', '1.5', '1e9', '12345678901234567']) {
      const mac = serverTimeMac(credential.algorithm, credential.key, { ...sent, serverTs })
      expect(await timeOf({ ts: serverTs, tsm: mac }, credential, sent)).toBeNull()
    }
  })
})

test('no request has the string of a server’s time, so the MAC of one is never valid for the other', () => {
  const origin = fc.record({ method, target, host, port: fc.nat(65_535).map(String) })
  const asString = fc.record({ id: plain(20, 1), nonce: plain(20, 1), ts: timestamp })
  fc.assert(
    fc.property(parameters, origin, asString, timestamp, (values, line, answered, serverTs) => {
      const request = requestString({ ...values, ...line })
      expect(request).toMatch(/^[0-9]/)
      expect(serverTimeString({ ...answered, serverTs })).toMatch(/^withmac-server-time-1\n/)
    }),
  )
})

test('a server’s time is returned only for its own request and key', async () => {
  const answered = fc.record({ id: plain(20, 1), nonce: plain(20, 1), ts: timestamp })
  const algorithm = fc.constantFrom(...MAC_ALGORITHMS)
  const key = plain(40, 1)
  await fc.assert(
    fc.asyncProperty(
      answered,
      answered,
      algorithm,
      key,
      timestamp,
      async (one, other, hash, by, serverTs) => {
        const tsm = serverTimeMac(hash, by, { ...one, serverTs })
        const signer = { algorithm: hash, key: by }
        expect(await timeOf({ ts: serverTs, tsm }, signer, one)).toBe(Number(serverTs))
        const alike = one.id === other.id && one.nonce === other.nonce && one.ts === other.ts
        if (!alike) expect(await timeOf({ ts: serverTs, tsm }, signer, other)).toBeNull()
      },
    ),
  )
})
