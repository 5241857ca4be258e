import { type CoveredRequest, requestString } from '../../src/protocol/signature.ts'
import { describe, expect, test } from '../support/runner.ts'
import { refusal } from './refusal.ts'

const REQUEST: CoveredRequest = {
  ts: '264095',
  nonce: '7d8f3e4a',
  method: 'POST',
  target: '/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q',
  host: 'example.com',
  port: '80',
  ext: 'a,b,c',
}

test('the string of the draft’s example has a line feed after each element (draft §3.2.1)', () => {
  const target = '/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q'
  expect(requestString(REQUEST)).toBe(`264095\n7d8f3e4a\nPOST\n${target}\nexample.com\n80\na,b,c\n`)
})

test('without ext, or with an empty one, the string ends with an empty line', () => {
  const text = requestString({ ...REQUEST, ext: null })
  expect(text).toMatch(/\nexample\.com\n80\n\n$/)
  expect(requestString({ ...REQUEST, ext: '' })).toBe(text)
})

test('the method is in upper case and the host in lower case, and nothing else is changed', () => {
  const mixed = { nonce: 'Ab', target: '/Ab?C=%2f%2F', ext: 'Ab' }
  const text = requestString({ ...REQUEST, ...mixed, method: 'pAtch', host: 'Example.COM' })
  expect(text).toBe('264095\nAb\nPATCH\n/Ab?C=%2f%2F\nexample.com\n80\nAb\n')
})

test('the timestamp is not changed', () => {
  expect(requestString({ ...REQUEST, ts: '0001' })).toMatch(/^0001\n/)
})

describe('requestString rejects an element that could give two requests the same string:', () => {
  for (const name of ['ts', 'nonce', 'target', 'port', 'ext'] as const) {
    test(`a line feed in ${name}`, () => {
      const error = refusal(() => requestString({ ...REQUEST, [name]: 'a\nb' }))
      expect(error.code).toBe('ERR_MAC_TARGET')
      expect(error.message).toContain('line feed')
    })
  }

  for (const bad of ['G\nET', 'G ET', 'ﬁnd', 'ıdle', 'G\0', '\x7f']) {
    test(`the method ${JSON.stringify(bad)}`, () => {
      expect(refusal(() => requestString({ ...REQUEST, method: bad })).code).toBe('ERR_MAC_METHOD')
    })
  }

  // K is the Kelvin sign, whose lower case is the letter k.
  for (const bad of ['a\nb', 'a b', '\u212Aex.example', 'İ.example', 'a\0', '\x7f']) {
    test(`the host ${JSON.stringify(bad)}`, () => {
      expect(refusal(() => requestString({ ...REQUEST, host: bad })).code).toBe('ERR_MAC_HOST')
    })
  }
})
