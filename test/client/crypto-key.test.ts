import { webcrypto } from 'node:crypto'
import {
  type CryptoKeyCredential,
  type CryptoKeyLike,
  createMacFetch,
  type MacAlgorithm,
  signHeaders,
  signRequest,
} from '../../src/client/index.ts'
import { expect, test } from '../support/runner.ts'
import { KEY, signingServer } from './server.ts'

const FIXED = { now: () => 1_700_000_000, nonce: () => 'once' }
const url = 'https://api.example.com/orders?a=1'
const bytes = new TextEncoder().encode(KEY.key)

/** Returns a key that no script can read. */
function keyFor(
  algorithm: HmacImportParams | AesKeyAlgorithm,
  usages: readonly KeyUsage[] = ['sign'],
): Promise<CryptoKeyLike> {
  const raw = algorithm.name === 'HMAC' ? bytes : new Uint8Array(32)
  return webcrypto.subtle.importKey('raw', raw, algorithm, false, [...usages])
}

test.each([
  ['SHA-256', 'hmac-sha-256'],
  ['SHA-1', 'hmac-sha-1'],
] as const)(
  'a CryptoKey for %s signs as the same key does that is a string',
  async (hash, algorithm) => {
    const key = await keyFor({ name: 'HMAC', hash })
    for (const named of [undefined, algorithm]) {
      const credential = { id: KEY.id, key, algorithm: named }
      const signed = await signRequest(new Request(url), credential, FIXED)
      const expected = signHeaders({ url }, { ...KEY, algorithm }, FIXED).authorization
      expect(signed.headers.get('authorization')).toBe(expected)
    }
  },
)

test('createMacFetch signs with a CryptoKey, and corrects its clock with it', async () => {
  const key = await keyFor({ name: 'HMAC', hash: 'SHA-256' })
  await using server = await signingServer()
  const hourAgo = () => Date.now() / 1000 - 3600
  const macFetch = createMacFetch({ id: KEY.id, key }, { now: hourAgo, body: true })
  const response = await macFetch(server.url, { method: 'POST', body: 'hello' })
  expect([response.status, await response.text()]).toEqual([200, 'hello'])
  expect(server.seen.map(({ status }) => status)).toEqual([401, 200])
})

test('signHeaders, which is not asynchronous, rejects a CryptoKey', async () => {
  const key = await keyFor({ name: 'HMAC', hash: 'SHA-256' })
  const credential = { id: KEY.id, key } as never
  expect(() => signHeaders({ url }, credential)).toThrow('Use signRequest')
})

test.each([
  ['another hash', { name: 'HMAC', hash: 'SHA-512' }, ['sign'], undefined],
  ['the usage verify', { name: 'HMAC', hash: 'SHA-256' }, ['verify'], undefined],
  ['another kind of key', { name: 'AES-GCM', length: 256 }, ['encrypt'], undefined],
  ['another algorithm than the key', { name: 'HMAC', hash: 'SHA-1' }, ['sign'], 'hmac-sha-256'],
] as const)('createMacFetch rejects a CryptoKey with %s', async (_, form, usages, algorithm) => {
  const key = await keyFor(form, usages)
  const credential: CryptoKeyCredential = { id: KEY.id, key, algorithm: algorithm as MacAlgorithm }
  expect(() => createMacFetch(credential)).toThrow(TypeError)
  expect(() => createMacFetch(credential)).toThrow(/credential\.(?:key|algorithm) must be/)
})
