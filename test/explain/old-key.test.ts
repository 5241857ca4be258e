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

test('a request of the old key within its grace is right, and a note says until when', () => {
  const { ok, notes } = explained({})
  expect(ok).toBe(true)
  expect(notes[0]).toContain('the key that the credential had before its last rotation')
  expect(notes[0]).toContain('2026-09-21')
})

test('one after the grace is told to be that', () => {
  const { code, sentence } = explained({}, { ...ADA, oldKey: { ...OLD, until: NOW } })
  expect(code).toBe('ERR_MAC_KEY_RETIRED')
  expect(sentence).toContain('give the client the new key')
})

test('mistakes are found by the old key as well', () => {
  const { code, mistakes, notes } = explained({ target: '/x' })
  expect(code).toBe('ERR_MAC_MISMATCH')
  expect(mistakes.map(({ kind }) => kind)).toEqual(['query-missing'])
  expect(notes.join()).toContain('before its last rotation')
})

test('where neither key explains it, that is said, and neither key is told', () => {
  const text = JSON.stringify(explained({ mac: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }))
  expect(text).toContain('No known mistake explains the MAC')
  for (const key of [ADA.key, OLD.key]) expect(text).not.toContain(key)
})

test('a disabled credential is told to be disabled', () => {
  const off = { ...ADA, ...OLD, oldKey: null, disabled: NOW - 5 }
  expect(explained({}, off).code).toBe('ERR_MAC_DISABLED')
})
