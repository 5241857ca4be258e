import { requestAuthority, requestMethod } from '../../src/protocol/request-head.ts'
import { cutReceivedUrl, cutUrl } from '../../src/protocol/url-pieces.ts'
import { describe, expect, test } from '../support/runner.ts'
import { shownRequest } from './fixed-mac.ts'
import { refusal } from './refusal.ts'

describe('cutUrl', () => {
  const targets: readonly [url: string, authority: string, target: string][] = [
    ['http://example.com/', 'example.com', '/'],
    ['http://example.com', 'example.com', '/'],
    ['http://example.com#top', 'example.com', '/'],
    ['http://example.com/a?b=1&a=2', 'example.com', '/a?b=1&a=2'],
    ['http://example.com/a?', 'example.com', '/a?'],
    ['http://example.com/?', 'example.com', '/?'],
    ['http://example.com/a?#top', 'example.com', '/a?'],
    ['http://example.com/a#b?c#d', 'example.com', '/a'],
    ['http://example.com//double//x', 'example.com', '//double//x'],
    ['http://example.com/a/../b/./%2e%2E/%7e~', 'example.com', '/a/../b/./%2e%2E/%7e~'],
    ['http://example.com/\'"<>^`{|}[]\\?\'"<>\\', 'example.com', '/\'"<>^`{|}[]\\?\'"<>\\'],
    ['http://example.com/x?u=http://other/p?q', 'example.com', '/x?u=http://other/p?q'],
    ['http://EXAMPLE.com:080/A', 'EXAMPLE.com:080', '/A'],
    ['http://[::1]:3000/a', '[::1]:3000', '/a'],
    ['http://u:p@example.com/a', 'u:p@example.com', '/a'],
    ['http:///a', '', '/a'],
  ]
  for (const [url, authority, target] of targets) {
    test(`splits ${url} into ${JSON.stringify(authority)} and ${target}`, () => {
      expect(cutUrl(url)).toEqual({ scheme: 'http', authority, target })
    })
  }

  test('accepts the schemes https and http, in upper or lower case', () => {
    expect(cutUrl('https://a/').scheme).toBe('https')
    expect(cutUrl('HTTPS://a/')).toEqual({ scheme: 'https', authority: 'a', target: '/' })
    expect(cutUrl('hTTp://a/')).toEqual({ scheme: 'http', authority: 'a', target: '/' })
  })

  test('rejects a relative URL, and another scheme', () => {
    const urls = [
      '',
      '/a',
      '//a/b',
      'a',
      '*',
      'http:a',
      'http:/a',
      'https:/a',
      'ftp://a/',
      'ws://a/',
    ]
    for (const url of [...urls, ' http://a/', 'httpss://a/', 'file:///a', 'xhttp://a/']) {
      const error = refusal(() => cutUrl(url))
      expect([url, error.code]).toEqual([url, 'ERR_MAC_HOST'])
      expect(error.message).toContain('no absolute http URL')
    }
  })

  test('rejects a target that a request line cannot contain', () => {
    const targets = [
      '/a b',
      '/\t',
      '/a\nb',
      '/\r',
      '/\0',
      '/\x7f',
      '/é',
      '/\ud800',
      '/😀',
      '?a',
      '\\a',
    ]
    for (const target of targets) {
      const error = refusal(() => cutUrl(`http://example.com${target}`))
      expect([target, error.code]).toEqual([target, 'ERR_MAC_TARGET'])
      expect(error.message).toContain('percent-encode')
    }
  })

  test('ignores the content of a fragment', () => {
    expect(cutUrl('http://a/b#é \n').target).toBe('/b')
  })
})

describe('cutReceivedUrl', () => {
  test('splits a URL as cutUrl does', () => {
    for (const url of [
      'http://a',
      'http://a/',
      'http://a/b?c',
      'https://a:81/?',
      'http://a//b%23',
    ]) {
      expect(cutReceivedUrl(url)).toEqual(cutUrl(url))
    }
  })

  test('rejects a fragment, because no client sends one', () => {
    for (const url of [
      'http://a#',
      'http://a#/b',
      'http://a/#',
      'http://a/b#c',
      'http://a/?#',
      'http://a/#é',
    ]) {
      const error = refusal(() => cutReceivedUrl(url))
      expect([url, error.code]).toEqual([url, 'ERR_MAC_TARGET'])
      expect(error.message).toContain('holds a fragment')
      // The client sees this text in a quoted string, so it must not contain a quote.
      expect(error.told.text).toMatch(/^[^"\\]*$/)
    }
  })
})

describe('requestMethod', () => {
  test('returns the method unchanged if it is a token of at most 64 characters', () => {
    for (const method of ['GET', 'get', 'M-SEARCH', "!#$%&'*+.^_`|~09", 'A'.repeat(64)]) {
      expect(requestMethod(shownRequest({ method, host: 'a', target: '/' }))).toBe(method)
    }
    for (const method of ['', ' GET', 'G T', 'GET\n', 'GÉT', 'GET/', 'A'.repeat(65)]) {
      const error = refusal(() => requestMethod(shownRequest({ method, host: 'a', target: '/' })))
      expect([method, error.code]).toEqual([method, 'ERR_MAC_METHOD'])
    }
  })
})

describe('requestAuthority returns for', () => {
  const cases: readonly [url: string, header: string | null, expected: string][] = [
    ['http://example.com/', null, 'example.com 80'],
    ['https://example.com/', null, 'example.com 443'],
    ['http://Example.com:8080/', null, 'example.com 8080'],
    ['http://example.com/', 'example.com', 'example.com 80'],
    ['http://example.com/', 'EXAMPLE.com:80', 'example.com 80'],
    ['https://example.com:443/', 'example.com', 'example.com 443'],
    ['http://[::1]:3000/', '[::1]:3000', '[::1] 3000'],
    ['http://example.com/', 'other.example', 'ERR_MAC_HOST'],
    ['http://example.com/', 'example.com:8080', 'ERR_MAC_HOST'],
    ['http://example.com/', 'example.com:443', 'ERR_MAC_HOST'],
    ['https://example.com/', 'example.com:80', 'ERR_MAC_HOST'],
    ['http://example.com/', 'example.com.', 'ERR_MAC_HOST'],
    ['http://example.com/', 'example.com, example.com', 'ERR_MAC_HOST'],
    ['http://example.com/', '', 'ERR_MAC_HOST'],
    ['http://a@example.com/', 'example.com', 'ERR_MAC_HOST'],
    ['http://a@example.com/', 'a@example.com', 'ERR_MAC_HOST'],
    ['http:///x', 'example.com', 'ERR_MAC_HOST'],
    ['http:///x', '', 'ERR_MAC_HOST'],
  ]
  for (const [url, header, expected] of cases) {
    test(`${url} with the Host ${JSON.stringify(header)}: ${expected}`, () => {
      const forwarded = { forwarded: 'host=f.example', 'x-forwarded-host': 'x.example' }
      const headers = new Headers({ ...forwarded, ...(header === null ? {} : { host: header }) })
      const find = () => requestAuthority({ method: 'GET', url, headers }, cutUrl(url))
      if (expected.startsWith('ERR_')) expect<string>(refusal(find).code).toBe(expected)
      else expect(Object.values(find()).join(' ')).toBe(expected)
    })
  }

  test('two different hosts an error that names both and says what to do', () => {
    const headers = new Headers({ host: 'b.example:81' })
    const url = 'http://a.example/'
    const error = refusal(() => requestAuthority({ method: 'GET', url, headers }, cutUrl(url)))
    expect(error.message).toContain('b.example:81')
    expect(error.message).toContain('a.example:80')
    expect(error.message).toContain('the option origin')
    expect(error.told.text).toBe(error.told.title)
  })
})
