import { explain } from '../../src/explain/explain.ts'
import type { ExplainOptions } from '../../src/explain/explanation.ts'
import { isInternalHost } from '../../src/explain/internal-host.ts'
import { createMac } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const KEY = { id: 'ada', key: 'the key of ada, as it is' }
const OTHER = { id: 'ada', key: 'another key' }

function causesOf(host: string, fields: Record<string, string> = {}, options?: ExplainOptions) {
  const url = `http://${host}/orders`
  const headers = { host, ...fields, authorization: authorization(OTHER, url) }
  const { causes, sentence } = explain({ method: 'GET', url, headers }, KEY, options)
  return { causes: causes.map(({ kind, certain }) => `${kind}${certain ? '!' : '?'}`), sentence }
}

describe('if nothing explains the MAC, a proxy is named first, and the key last, for the Host', () => {
  test.each([
    ['127.0.0.1:3000'],
    ['localhost'],
    ['10.1.2.3'],
    ['backend'],
    ['app.internal'],
    ['web.default.svc.cluster.local'],
    ['[fd12::1]:80'],
  ])('%s', (host) => {
    const { causes, sentence } = causesOf(host)
    expect(causes).toEqual(['proxy-host?', 'key?'])
    expect(sentence.indexOf('proxy_set_header Host')).toBeGreaterThan(0)
    expect(sentence.indexOf('another key')).toBeGreaterThan(sentence.indexOf('proxy_set_header'))
  })
})

describe('no proxy is named', () => {
  test.each<[string, string, Record<string, string>, ExplainOptions]>([
    ['for a public Host', 'api.example.com', {}, {}],
    ['if a field names the host', '127.0.0.1', { 'x-forwarded-host': 'api.example.com' }, {}],
    ['if the origin is pinned', '127.0.0.1', {}, { origin: 'https://api.example.com' }],
  ])('%s', (_, host, fields, options) => {
    expect(causesOf(host, fields, options).causes).toEqual(['key?'])
  })
})

test('an explanation never says that a wrong key is certain, nor names a cause that is not there', () => {
  for (const host of ['api.example.com', '127.0.0.1']) {
    expect(causesOf(host).causes.filter((cause) => cause.endsWith('!'))).toEqual([])
  }
})

test('with a list of origins, names the one that matches and the Host that arrived, and pins nothing', () => {
  const origin = ['https://api.example.com', 'https://shop.example.com:8443']
  const header = authorization(KEY, 'https://shop.example.com:8443/orders')
  const headers = { host: 'api.example.com', authorization: header }
  const url = 'http://api.example.com/orders'
  const { sentence, settings, mistakes } = explain({ method: 'GET', url, headers }, KEY, { origin })
  expect(mistakes).toMatchObject([{ kind: 'origin', side: 'server' }])
  expect(sentence).toContain('https://shop.example.com:8443')
  expect(sentence).toContain('"api.example.com", does not name it')
  expect(sentence).not.toContain('Set origin')
  expect(settings).toBeNull()
})

test('with one pinned origin, says which one is there and which one was signed', () => {
  const headers = {
    host: '127.0.0.1',
    authorization: authorization(KEY, 'https://shop.example.com/orders'),
    'x-forwarded-host': 'shop.example.com',
  }
  const seen = { method: 'GET', url: 'http://127.0.0.1/orders', headers }
  const { sentence } = explain(seen, KEY, { origin: 'https://api.example.com' })
  expect(sentence).toContain(
    "Set origin: 'https://shop.example.com' in the server, which has https://api",
  )
})

test('isInternalHost knows private addresses and names, and no public ones', () => {
  const inside = ['127.9.9.9', '172.16.0.1', '172.31.255.255', '100.64.0.1', '169.254.1.1', '[::1]']
  const outside = [
    '172.32.0.1',
    '100.128.0.1',
    '8.8.8.8',
    '11.0.0.1',
    'local.example',
    '[2001:db8::1]',
  ]
  expect(
    [...inside, 'a_b', 'x.lan', 'host.docker.internal'].filter((host) => !isInternalHost(host)),
  ).toEqual([])
  expect(outside.filter(isInternalHost)).toEqual([])
})

describe('the form of a header is recognized:', () => {
  const url = 'http://api.example.com/'
  const good = authorization(KEY, url)
  const explained = (header: string) => {
    const headers = { host: 'api.example.com', authorization: header }
    return explain({ method: 'GET', url, headers }, KEY)
  }

  test.each([
    ['without the scheme', good.slice(4), 'scheme-missing', 'ERR_MAC_MISSING'],
    [
      'with a colon behind the scheme',
      good.replace('MAC ', 'MAC: '),
      'scheme-missing',
      'ERR_MAC_MISSING',
    ],
    ['in single quotes', good.replaceAll('"', "'"), 'header-quotes', 'ERR_MAC_TIMESTAMP_SYNTAX'],
    [
      'in typographic quotes',
      good.replaceAll(/"([^"]*)"/g, '\u201c$1\u201d'),
      'header-quotes',
      'ERR_MAC_HEADER_CHARACTER',
    ],
    [
      'of draft 00',
      'MAC id="ada", nonce="5:a", bodyhash="x", mac="AAAA"',
      'other-scheme',
      'ERR_MAC_PARAMETER_MISSING',
    ],
    ['of a later draft', good.replace('id=', 'kid='), 'other-scheme', 'ERR_MAC_PARAMETER_MISSING'],
  ])('%s', (_, header, kind, code) => {
    const { causes, code: found, ok } = explained(header)
    expect(causes[0]).toEqual({ kind, certain: true })
    expect([found, ok]).toEqual([code, false])
  })

  test('a header of another scheme is none of these, and a right one has no cause', () => {
    expect(explained('Bearer id="x", mac="y"').causes).toEqual([{ kind: 'missing', certain: true }])
    expect(explained(good).causes).toEqual([])
  })
})

test('a report has a header without the scheme, and hides those of other schemes', async () => {
  const url = 'http://api.example.com/'
  const good = authorization(KEY, url)
  const seen: (string | undefined)[] = []
  const mac = createMac({
    database: 'sqlite::memory:',
    onReject: (_error, _request, report) => void seen.push(report.toJSON().headers.authorization),
  })
  const handler = mac.withMac(() => new Response())
  for (const header of [good.slice(4), `Token ${good.slice(4)}`, 'id=secret', 'Basic c2VjcmV0']) {
    await handler(new Request(url, { headers: { authorization: header } }))
  }
  await mac.close()
  expect(seen).toEqual([good.slice(4), 'Token ***', '*** ***', 'Basic ***'])
})
