import { createHmac } from 'node:crypto'
import { computeMac } from '../../src/protocol/hmac.ts'
import { MAC_ALGORITHMS, macsAreEqual } from '../../src/protocol/signature.ts'
import { expect, test } from '../support/runner.ts'

test('the algorithms are those of the draft, the better one first', () => {
  expect(MAC_ALGORITHMS).toEqual(['hmac-sha-256', 'hmac-sha-1'])
})

test('a MAC is the base64 of the HMAC, with padding (RFC 2202 and RFC 4231, case 2)', () => {
  const text = 'what do ya want for nothing?'
  const sha1 = 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'
  const sha256 = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
  expect(computeMac('hmac-sha-1', 'Jefe', text)).toBe(Buffer.from(sha1, 'hex').toString('base64'))
  expect(computeMac('hmac-sha-256', 'Jefe', text)).toBe(
    Buffer.from(sha256, 'hex').toString('base64'),
  )
})

test('a key that looks like base64 is not decoded', () => {
  const key = Buffer.from('a key').toString('base64')
  const mac = computeMac('hmac-sha-256', key, 'text')
  const raw = createHmac('sha256', Buffer.from(key, 'latin1')).update('text').digest('base64')
  expect(mac).toBe(raw)
  expect(mac).not.toBe(computeMac('hmac-sha-256', 'a key', 'text'))
})

test('a key longer than the block of the hash is used completely', () => {
  for (const algorithm of MAC_ALGORITHMS) {
    const key = 'k'.repeat(65)
    const hash = algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
    expect(computeMac(algorithm, key, '')).toBe(createHmac(hash, key).digest('base64'))
    expect(computeMac(algorithm, key, '')).not.toBe(computeMac(algorithm, 'k'.repeat(64), ''))
  }
})

test('two MACs are equal only if they are the same text', () => {
  const mac = '6T3zZzy2Emppni6bzL7kdRxUWL4='
  expect(macsAreEqual(mac, mac)).toBe(true)
  expect(macsAreEqual('', '')).toBe(true)
  const others = ['', mac.slice(1), mac.slice(0, -1), `${mac}=`, `${mac}\0`, mac.toLowerCase(), 'x']
  for (const other of others) {
    expect([other, macsAreEqual(other, mac)]).toEqual([other, false])
    expect([other, macsAreEqual(mac, other)]).toEqual([other, false])
  }
})

test('a difference in a single character, anywhere, is found', () => {
  const mac = '6T3zZzy2Emppni6bzL7kdRxUWL4='
  for (let at = 0; at < mac.length; at++) {
    const other = `${mac.slice(0, at)}-${mac.slice(at + 1)}`
    expect([at, macsAreEqual(other, mac)]).toEqual([at, false])
  }
})

test('two differences that cancel each other out are found', () => {
  expect(macsAreEqual('ba', 'ab')).toBe(false)
  expect(macsAreEqual('\u0162', 'b')).toBe(false)
})
