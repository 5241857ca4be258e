import { createHmac } from 'node:crypto'
import { explain } from '../../src/explain/explain.ts'
import type { ExplainCredential, ExplainSettings } from '../../src/explain/explanation.ts'
import { createMac, type VerifyOptions } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization, type Signing } from '../support/sign.ts'

const KEY = { id: 'ada', key: 'the key of ada, as it is' }
const NOW = 1_790_000_000

/** What was signed, what arrived, and the options of the server. */
interface Case {
  readonly signed: string
  readonly signing?: Signing
  readonly received: string
  readonly headers?: Record<string, string>
  readonly settings?: ExplainSettings
  readonly credential?: Partial<ExplainCredential>
}

function requestOf({ signed, signing = {}, received, headers = {} }: Case, key = KEY): Request {
  const { host } = new URL(received)
  const header = authorization(key, signed, signing)
  return new Request(received, { headers: { host, ...headers, authorization: header } })
}

function explained(given: Case, key = KEY) {
  const { method, url, headers } = requestOf(given, key)
  const seen = { method, url, headers: Object.fromEntries(headers), receivedAt: NOW }
  return explain(seen, { ...KEY, ...given.credential }, given.settings)
}

async function accepts(given: Case, options: VerifyOptions): Promise<boolean> {
  const mac = createMac({ database: 'sqlite::memory:' })
  await mac.createCredential('ada', KEY)
  const { ok } = await mac.verify(requestOf(given), options)
  await mac.close()
  return ok
}

const BOTH = ['http://api.example.com', 'https://api.example.com'] as const
const FORWARDED: Case = {
  signed: 'https://api.example.com/orders',
  received: 'http://10.0.0.7/orders',
  headers: { 'x-forwarded-host': 'api.example.com', 'x-forwarded-proto': 'https' },
  settings: { trustProxy: 'forwarded' },
}

describe('the server rejects the request, and accepts it after the change that is named:', () => {
  test.each<[string, Case, VerifyOptions, string, VerifyOptions]>([
    [
      'a list has a host with both schemes, and TLS ends at a proxy',
      {
        signed: 'https://api.example.com/orders',
        received: 'http://api.example.com/orders',
        settings: { origin: BOTH },
      },
      { origin: BOTH },
      'took http://api.example.com: leave that out of the list',
      { origin: ['https://api.example.com'] },
    ],
    [
      "trustProxy is 'forwarded', and the proxy sends X-Forwarded fields",
      FORWARDED,
      { trustProxy: 'forwarded' },
      "Set trustProxy: 'x-forwarded'",
      { trustProxy: 'x-forwarded' },
    ],
    [
      'a prefix is cut off the root',
      { signed: 'http://api.example.com/api', received: 'http://api.example.com/' },
      {},
      `"/api" + new URL(request.url).pathname.replace(/^\\/$/, '')`,
      { path: `/api${'/'.replace(/^\/$/, '')}` },
    ],
  ])('%s', async (_, given, before, advice, after) => {
    expect(await accepts(given, before)).toBe(false)
    expect(explained(given).sentence).toContain(advice)
    expect(await accepts(given, after)).toBe(true)
  })
})

test('if client and server make a mistake each, the client is not told to sign the origin of the server', () => {
  for (const host of ['2001:db8::5', '[2001:DB8::5]']) {
    const { sentence, settings } = explained({
      signed: 'https://[2001:db8::5]/orders',
      signing: { mac: macOver(`GET\n/orders\n${host}\n443`), ts: NOW, nonce: 'n' },
      received: 'http://[2001:db8::5]/orders',
      headers: { host: host.startsWith('[') ? host : '[2001:db8::5]' },
    })
    expect(sentence).toContain("Set origin: 'https://[2001:db8::5]' in the server.")
    expect(sentence).not.toContain('port as "80"')
    expect(settings).toEqual({ origin: 'https://[2001:db8::5]' })
  }
})

function macOver(lines: string): string {
  return createHmac('sha256', KEY.key).update(`${NOW}\nn\n${lines}\n\n`).digest('base64')
}

describe('nobody is blamed alone for', () => {
  test.each<[string, Case, readonly string[]]>([
    [
      'a prefix that is not signed: the base URL of a client may have it',
      {
        signed: 'http://api.example.com/orders',
        received: 'http://api.example.com/v9/orders',
      },
      ['Let the client sign the whole path that it sends, with "/v9" in front', 'a proxy'],
    ],
    [
      'a port that is not signed: nginx may have written it into Host',
      { signed: 'http://api.example.com/', received: 'http://api.example.com:8080/' },
      [
        'Let the client sign',
        "a proxy writes 8080 into Host, set origin: 'http://api.example.com'",
      ],
    ],
    [
      'another name of this machine',
      { signed: 'http://127.0.0.1:3000/', received: 'http://localhost:3000/' },
      ['"localhost" arrived', "set origin: 'http://127.0.0.1:3000'"],
    ],
  ])('%s', (_, given, advice) => {
    const { mistakes, sentence } = explained(given)
    expect(mistakes.map(({ side }) => side)).toEqual(['either'])
    expect(advice.filter((each) => !sentence.includes(each))).toEqual([])
  })
})

test('an IPv6 address that was cut at its first colon is found', () => {
  const url = 'https://[2001:db8::77]:8443/'
  for (const port of ['db8::77]:8443', 'db8']) {
    const lines = `GET\n/\n[2001\n${port}`
    const signing = { mac: macOver(lines), ts: NOW, nonce: 'n' }
    expect(explained({ signed: url, signing, received: url }).mistakes).toMatchObject([
      { kind: 'host-brackets', side: 'client' },
    ])
  }
})

test('a client that signs no port is not told to sign port 80 if it calls https', () => {
  const signed = 'https://api.example.com/'
  const sentenceFor = (received: string) =>
    explained({ signed, signing: { port: '' }, received }).sentence
  expect(sentenceFor('http://api.example.com/')).toContain('If it calls https, let it sign')
  expect(sentenceFor('https://api.example.com/')).not.toContain('If it calls https')
})

test('a host that a field names is suggested only if clients call it', () => {
  const url = 'https://api.example.com/'
  const headers = { 'x-forwarded-host': 'other.example.net' }
  const { sentence } = explained({ signed: 'https://other.example.net/', received: url, headers })
  expect(sentence).toContain(
    "Set origin: 'https://other.example.net' in the server, if that is the address that its clients call",
  )
})

test('a path that the option path returned is not taken for one of a proxy', () => {
  const { method, url, headers } = requestOf({
    signed: 'http://api.example.com/orders',
    received: 'http://api.example.com/orders',
  })
  const seen = { method, url, headers: Object.fromEntries(headers), target: '/shop/orders' }
  const { sentence, mistakes } = explain(seen, KEY)
  expect(mistakes).toMatchObject([{ kind: 'path-prefix', side: 'either' }])
  expect(sentence).toContain('the option path or requestTarget of the server returned')
})

test('a target in absolute-form is not taken for a prefix', () => {
  const { method, url, headers } = requestOf({
    signed: 'http://api.example.com/orders?a=1',
    received: 'http://api.example.com/orders?a=1',
  })
  const seen = { method, url, headers: Object.fromEntries(headers), target: url }
  expect(explain(seen, KEY).mistakes).toMatchObject([{ kind: 'target-absolute', side: 'either' }])
})

test('a suggested origin keeps the scheme of the one that is set', () => {
  const { settings } = explained({
    signed: 'https://api.example.com:8443/',
    received: 'http://10.0.0.7/',
    settings: { origin: 'https://api.example.com' },
  })
  expect(settings).toEqual({ origin: 'https://api.example.com:8443' })
})

test('a credential that is revoked or expired is named although the MAC is wrong', () => {
  const tls = { signed: 'https://api.example.com/', received: 'http://api.example.com/' }
  const revoked = explained({ ...tls, credential: { revoked: NOW - 5 } })
  expect(revoked.causes[0]).toEqual({ kind: 'port', certain: true })
  expect(revoked.notes.join()).toContain('Moreover, the credential was revoked')
  const wrong = explained({ ...tls, credential: { expires: NOW - 5 } }, { ...KEY, key: 'other' })
  expect(wrong.notes.join()).toContain('Moreover, the credential has expired')
  expect(explained({ ...tls, credential: { expires: NOW + 5 } }).notes.join()).not.toContain(
    'Moreover',
  )
})

test('a key whose grace is over was valid, and is not valid', () => {
  const url = 'https://api.example.com/'
  const notes = (until: number) => {
    const oldKey = { key: 'the old key', algorithm: 'hmac-sha-256', until } as const
    const given = { signed: url, received: url, credential: { oldKey } }
    return explained(given, { ...KEY, key: 'the old key' }).notes.join()
  }
  expect(notes(NOW - 5)).toContain('That key was valid until')
  expect(notes(NOW + 5)).toContain('That key is valid until')
})

test('a timestamp that only a learned offset makes wrong is not called a wrong clock', () => {
  const url = 'https://api.example.com/'
  const sentenceFor = (ts: number) =>
    explained({ signed: url, signing: { ts }, received: url, credential: { clockOffset: 3600 } })
      .sentence
  expect(sentenceFor(NOW)).toContain('resetClockOffset')
  expect(sentenceFor(NOW - 9000)).not.toContain('resetClockOffset')
})

describe('if nothing explains the MAC', () => {
  const OTHER = { ...KEY, key: 'another key' }
  const local = { signed: 'http://127.0.0.1:3000/x', received: 'http://127.0.0.1:3000/x' }

  test('a list of origins is not to be set again', () => {
    const { sentence } = explained({ ...local, settings: { origin: [...BOTH] } }, OTHER)
    expect(sentence).not.toContain('set origin')
    expect(sentence.split('proxy_set_header').length).toBe(2)
  })

  test('trustProxy is not forgotten', () => {
    const { sentence } = explained({ ...local, settings: { trustProxy: true } }, OTHER)
    expect(sentence).toContain('instead of trustProxy, set origin')
  })

  test('a field that has the target that arrived is no sign of a change', () => {
    const kinds = (value: string) => {
      const headers = { 'x-original-uri': value }
      const url = 'https://api.example.com/x?y=1'
      return explained({ signed: url, received: url, headers }, OTHER).causes.map(
        ({ kind }) => kind,
      )
    }
    expect(kinds('/x?y=1')).toEqual(['key'])
    expect(kinds('/x')).toEqual(['key'])
    expect(kinds('/z')).toEqual(['target-rewritten', 'key'])
  })

  test('a contradiction in forwarded fields is no matter of Host', () => {
    const headers = { 'x-forwarded-proto': 'https, http' }
    const url = 'http://api.example.com/'
    const given = { signed: url, received: url, headers, settings: { trustProxy: true } }
    const { sentence } = explained(given, OTHER)
    expect(sentence).toContain('different values of proto')
    expect(sentence).not.toContain('pass on the Host')
  })
})
