import { explain } from '../../src/explain/explain.ts'
import { expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'

const URL = 'http://api.example.com/x?b=1'
const NOW = 1_790_000_000
const OLD = { key: 'the key before', algorithm: 'hmac-sha-1' as const }
const ADA = { id: 'ada', key: 'the key of today', oldKey: { ...OLD, until: NOW + 10 } }

function explained(signing: Signing, credential: Parameters<typeof explain>[1] = ADA) {
  const header = authorization({ id: 'ada', ...OLD }, URL, { ts: NOW, nonce: 'n', ...signing })
  const headers = { host: 'api.example.com', authorization: header }
  return explain({ method: 'GET', url: URL, headers, receivedAt: NOW }, credential)
}

test('finds a request with the old key right within the grace period, and notes when that ends', () => {
  const { ok, notes } = explained({})
  expect(ok).toBe(true)
  expect(notes[0]).toContain('the key that the credential had before its last rotation')
  expect(notes[0]).toContain('2026-09-21')
})

test('names ERR_MAC_KEY_RETIRED for a request with the old key after the grace period', () => {
  const { code, sentence } = explained({}, { ...ADA, oldKey: { ...OLD, until: NOW } })
  expect(code).toBe('ERR_MAC_KEY_RETIRED')
  expect(sentence).toContain('give the client the new key')
})

test('finds mistakes in a request with the old key', () => {
  const { code, mistakes, notes } = explained({ target: '/x' })
  expect(code).toBe('ERR_MAC_MISMATCH')
  expect(mistakes.map(({ kind }) => kind)).toEqual(['query-missing'])
  expect(notes.join()).toContain('before its last rotation')
})

test('if neither key explains the MAC, the explanation says so and contains neither key', () => {
  const text = JSON.stringify(explained({ mac: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }))
  expect(text).toContain('No known mistake explains the MAC')
  for (const key of [ADA.key, OLD.key]) expect(text).not.toContain(key)
})

test('names ERR_MAC_DISABLED if the credential is disabled', () => {
  const off = { ...ADA, ...OLD, oldKey: null, disabled: NOW - 5 }
  expect(explained({}, off).code).toBe('ERR_MAC_DISABLED')
})
