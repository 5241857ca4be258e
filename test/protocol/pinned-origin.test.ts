import { chooseOrigin, cutUrl, pinOrigins } from '../../src/protocol/origin.ts'
import { describe, expect, test } from '../support/runner.ts'
import { shownRequest } from './fixed-mac.ts'
import { refusal } from './refusal.ts'

describe('origins are pinned', () => {
  test('one, or a list, with the port of the scheme where none is written', () => {
    const https = { scheme: 'https', host: 'a.example', port: '443' }
    const http = { scheme: 'http', host: '[::1]', port: '3000' }
    expect(pinOrigins('https://A.example')).toEqual([https] as never)
    expect(pinOrigins('HTTPS://a.example/')).toEqual([https] as never)
    expect(pinOrigins(['https://a.example', 'http://[::1]:3000'])).toEqual([https, http] as never)
  })

  const others = [
    '',
    'a.example',
    'ftp://a',
    'https://',
    'https://a/b',
    'https://a?b',
    'https://a#b',
  ]
  const hosts = [
    'https://u@a',
    'https://a:',
    'https://a:0',
    'https://1',
    'https://a b',
    'https://a\\b',
  ]
  for (const option of [...others, ...hosts, 1, null, undefined, {}, [], ['https://a', 'b']]) {
    test(`${JSON.stringify(option)} is none, and a TypeError says so`, () => {
      expect(() => pinOrigins(option)).toThrow(TypeError)
      expect(() => pinOrigins(option)).toThrow(/^must (be an|name at least one) origin/)
    })
  }

  test.each(['ws://a', 'WSS://a'])(
    '%s is none, and it is said what it is of a WebSocket',
    (origin) => {
      expect(() => pinOrigins(origin)).toThrow('the origin of a WebSocket is that of http or https')
    },
  )
})

describe('an origin is chosen', () => {
  const choose = (origins: string[], url: string, headers: Record<string, string> = {}) => {
    const request = { ...shownRequest({ host: null, target: url, headers }) }
    const find = () => chooseOrigin(request, cutUrl(url), pinOrigins(origins))
    try {
      const { host, port } = find()
      return `${host} ${port}`
    } catch {
      return refusal(find).code
    }
  }
  const several = ['https://a.example', 'https://b.example:8443', 'http://b.example']

  test('one is taken whatever the request says', () => {
    expect(choose(['https://a.example'], 'http://x/', { host: 'not a host' })).toBe('a.example 443')
  })

  test('of several, the one that Host names, with the port that its scheme gives', () => {
    expect(choose(several, 'http://x/', { host: 'A.example' })).toBe('a.example 443')
    expect(choose(several, 'http://x/', { host: 'b.example:8443' })).toBe('b.example 8443')
    expect(choose(several, 'https://x/', { host: 'b.example' })).toBe('b.example 80')
    expect(choose(several, 'http://x/', { host: 'b.example:80' })).toBe('b.example 80')
  })

  test('without Host, the one that the URL names', () => {
    expect(choose(several, 'http://a.example/')).toBe('a.example 443')
  })

  test('of two that differ in their scheme alone, the one with the scheme of the request', () => {
    const both = ['https://a.example', 'http://a.example']
    expect(choose(both, 'http://a.example/')).toBe('a.example 80')
    expect(choose(both, 'https://a.example/')).toBe('a.example 443')
    expect(choose(both, 'http://x/', { host: 'a.example:443' })).toBe('a.example 443')
  })

  test('none where Host names none of them', () => {
    for (const host of ['c.example', 'a.example:80', 'b.example:443', 'a.example.']) {
      expect([host, choose(several, 'http://a.example/', { host })]).toEqual([
        host,
        'ERR_MAC_ORIGIN',
      ])
    }
    expect(choose(several, 'http://a.example/', { host: 'a.example, a.example' })).toBe(
      'ERR_MAC_HOST',
    )
  })
})
