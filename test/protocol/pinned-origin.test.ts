import { chooseOrigin, pinOrigins } from '../../src/protocol/pinned-origin.ts'
import { cutUrl } from '../../src/protocol/url-pieces.ts'
import { describe, expect, test } from '../support/runner.ts'
import { shownRequest } from './fixed-mac.ts'
import { refusal } from './refusal.ts'

describe('pinOrigins', () => {
  test('accepts one origin or a list, and adds the default port of the scheme', () => {
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
    test(`throws a TypeError for ${JSON.stringify(option)}`, () => {
      expect(() => pinOrigins(option)).toThrow(TypeError)
      expect(() => pinOrigins(option)).toThrow(/^must (be an|name at least one) origin/)
    })
  }

  test.each(['ws://a', 'WSS://a'])(
    'throws for %s, and says what to write for a WebSocket',
    (origin) => {
      expect(() => pinOrigins(origin)).toThrow(
        'for a WebSocket, write the origin with http or https',
      )
    },
  )
})

describe('chooseOrigin returns', () => {
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

  test('the only origin, whatever the request contains', () => {
    expect(choose(['https://a.example'], 'http://x/', { host: 'not a host' })).toBe('a.example 443')
  })

  test('the one of several that matches the Host header, with the default port of its scheme', () => {
    expect(choose(several, 'http://x/', { host: 'A.example' })).toBe('a.example 443')
    expect(choose(several, 'http://x/', { host: 'b.example:8443' })).toBe('b.example 8443')
    expect(choose(several, 'https://x/', { host: 'b.example' })).toBe('b.example 80')
    expect(choose(several, 'http://x/', { host: 'b.example:80' })).toBe('b.example 80')
  })

  test('without a Host header, the one that matches the URL', () => {
    expect(choose(several, 'http://a.example/')).toBe('a.example 443')
  })

  test('if two differ only in their scheme, the one with the scheme of the request', () => {
    const both = ['https://a.example', 'http://a.example']
    expect(choose(both, 'http://a.example/')).toBe('a.example 80')
    expect(choose(both, 'https://a.example/')).toBe('a.example 443')
    expect(choose(both, 'http://x/', { host: 'a.example:443' })).toBe('a.example 443')
  })

  test('an error if the Host header matches none of them', () => {
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
