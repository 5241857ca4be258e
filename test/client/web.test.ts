import fc from 'fast-check'
import * as onServers from '../../src/client/crypto.ts'
import { urlParts as urlPartsOnServers } from '../../src/client/url-parts.ts'
import * as inBrowsers from '../../src/client/web/crypto.ts'
import { describeCode } from '../../src/client/web/error-codes.ts'
import { given, nameFaults, nearest } from '../../src/client/web/option-names.ts'
import { urlParts } from '../../src/client/web/url-parts.ts'
import { describeCode as describeCodeOnServers, type MacErrorCode } from '../../src/error-codes.ts'
import { MacError } from '../../src/errors.ts'
import { MAC_ALGORITHMS } from '../../src/protocol/signature.ts'
import { host, plain, target } from '../protocol/arbitraries.ts'
import { describe, expect, test } from '../support/runner.ts'
import { TARGETS, UNSIGNABLE_URLS } from './awkward.ts'

describe('the files of the client for browsers return what those for servers return:', () => {
  test('MACs of WebCrypto and of noble-hashes', async () => {
    const algorithm = fc.constantFrom(...MAC_ALGORITHMS)
    // Keys on both sides of a block of 64 bytes.
    await fc.assert(
      fc.asyncProperty(algorithm, plain(130, 1), fc.string(), async (name, key, text) => {
        const expected = await onServers.macFunction(name, key)(text)
        expect(await inBrowsers.macFunction(name, key)(text)).toBe(expected)
        expect(inBrowsers.macFunctionSync(name, key)(text)).toBe(expected)
      }),
    )
  })

  test('digests of bodies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.string(), async (body, text) => {
        const bytes = new Uint8Array(body)
        const expected = onServers.digestBodySync(bytes)
        expect(await inBrowsers.digestBody(bytes)).toBe(expected)
        expect(inBrowsers.digestBodySync(bytes)).toBe(expected)
        expect(inBrowsers.digestBodySync(text)).toBe(onServers.digestBodySync(text))
      }),
    )
  })

  test('the parts of URLs', () => {
    const same = (text: string) => {
      const url = new URL(text)
      expect(urlParts(url)).toEqual(urlPartsOnServers(url))
    }
    for (const each of TARGETS)
      same(`http://example.com${each.startsWith('/') ? each : `/${each}`}`)
    const scheme = fc.constantFrom('http', 'https')
    const port = fc.constantFrom('', ':80', ':443', ':8443')
    fc.assert(
      fc.property(scheme, host, port, target, fc.string(), (name, where, at, path, fragment) => {
        same(`${name}://${where}${at}${path}#${fragment}`)
      }),
    )
  })

  test('the statuses of errors, and the title of a replay', () => {
    const codes: readonly MacErrorCode[] = [
      ...([
        'ERR_MAC_REPLAY',
        'ERR_MAC_HOST',
        'ERR_MAC_TARGET',
        'ERR_MAC_HEADER_CHARACTER',
      ] as const),
      ...(['ERR_MAC_HEADER_TOO_LONG', 'ERR_MAC_PARAMETER_EMPTY', 'ERR_MAC_CLIENT_URL'] as const),
      ...(['ERR_MAC_CLIENT_ANSWER_LOST', 'ERR_MAC_CHALLENGE_SYNTAX'] as const),
    ]
    for (const code of codes) expect(describeCode(code)[0]).toBe(describeCodeOnServers(code)[0])
    expect(describeCode('ERR_MAC_REPLAY')).toEqual(describeCodeOnServers('ERR_MAC_REPLAY'))
  })
})

test('the files for browsers reject the hosts that those for servers reject', () => {
  const parsed = UNSIGNABLE_URLS.flatMap(([text]) => URL.parse(text) ?? [])
  const wrong = parsed.filter(({ protocol, username, password }) => {
    return /^https?:$/.test(protocol) && username + password === ''
  })
  expect(wrong.length).toBeGreaterThan(2)
  for (const url of wrong) {
    expect(() => urlPartsOnServers(url)).toThrow(MacError)
    expect(() => urlParts(url)).toThrow(MacError)
  }
})

test('the nonces for browsers have 128 bits, and each is different', () => {
  const nonces = Array.from({ length: 100 }, () => inBrowsers.randomNonce())
  expect(new Set(nonces).size).toBe(100)
  for (const nonce of nonces) expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/)
})

test('the options for browsers are checked', () => {
  expect(nameFaults('signHeaders', { now: 1 })).toEqual([])
  expect(nameFaults('signHeaders', { body: true })).toEqual([
    'there is no option body: there are now, clockOffset, nonce',
  ])
  expect(nameFaults('signHeaders', null)).toEqual(['must be an object of options, not null'])
  expect([null, Number.NaN, true, 'a', {}].map((value) => given(value))).toEqual([
    ...['null', 'NaN', 'true', '"a"', 'a value of type object'],
  ])
  expect(given('a secret', true)).toBe('a value of type string')
  expect(nearest('algoritm', ['algorithm'])).toBe('algorithm')
  expect(nearest('label', ['algorithm'])).toBeNull()
})
