import { createMac } from '../../src/index.ts'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../src/oauth/index.ts'
import type { MacOptions } from '../../src/options.ts'
import { describe, expect, test } from '../support/runner.ts'
import { answerOf, GRANT, SHOP, tokenRequest } from './endpoint.ts'

type Given = Pick<TokenEndpointOptions, 'origin' | 'trustProxy' | 'clientAddress'>
const PUBLIC = 'https://api.example.com'

/** Returns the answer. Checks that the secret is not read if the answer is an error. */
async function asked(
  url: string,
  options: Given = {},
  headers: Record<string, string> = {},
  macOptions: MacOptions = {},
  ...rest: unknown[]
): Promise<string> {
  let looked = false
  const mac = createMac({ database: 'sqlite::memory:', ...macOptions })
  const endpoint = createTokenEndpoint(mac, {
    ...options,
    authenticateClient: () => {
      looked = true
      return { user: 'ada' }
    },
  })
  const { status, json } = await answerOf(
    endpoint(tokenRequest({ ...GRANT, ...SHOP }, headers, url), ...rest),
  )
  expect(looked).toBe(status === 200)
  return status === 200 ? '200' : `${status} ${json.error}: ${json.error_description}`
}

test.each([
  `${PUBLIC}/token`,
  'http://localhost/token',
  'http://localhost:3000/token',
  'http://app.localhost:3000/token',
  'http://127.0.0.1:3000/token',
  'http://127.9.8.7/token',
  'http://[::1]:3000/token',
])('accepts a request to %s', async (url) => {
  expect(await asked(url)).toBe('200')
})

test.each([
  'http://api.example.com/token',
  'http://192.168.0.1/token',
  'http://128.0.0.1/token',
  'http://[::2]/token',
  'http://localhost.example.com/token',
  'http://notlocalhost/token',
  'http://127.0.0.1.example.com/token',
])('rejects a request to %s before it reads the secret', async (url) => {
  expect(await asked(url)).toContain('400 invalid_request: The token endpoint needs https:')
})

const BEHIND = 'http://api.example.com/token'
const TLS = { 'x-forwarded-proto': 'https' }

const SOURCES: readonly (readonly [
  name: string,
  url: string,
  options: Given,
  headers: Record<string, string>,
  taken: boolean,
])[] = [
  ['an origin of https', BEHIND, { origin: PUBLIC }, {}, true],
  ['an origin of http', `${PUBLIC}/token`, { origin: 'http://api.example.com' }, {}, false],
  ['one of several origins', BEHIND, { origin: [PUBLIC, 'https://b.example'] }, {}, true],
  [
    'none of several origins',
    'http://c.example/',
    { origin: [PUBLIC, 'https://b.example'] },
    {},
    false,
  ],
  ['a function origin', BEHIND, { origin: () => 'https://api.example.com' }, {}, true],
  ['a function origin that returns null', BEHIND, { origin: () => null }, {}, false],
  ['X-Forwarded-Proto', BEHIND, { trustProxy: true }, TLS, true],
  ['a proxy that says wss', BEHIND, { trustProxy: true }, { 'x-forwarded-proto': 'wss' }, true],
  ['a proxy that says ws', PUBLIC, { trustProxy: true }, { 'x-forwarded-proto': 'ws' }, false],
  ['Forwarded', BEHIND, { trustProxy: 'forwarded' }, { forwarded: 'proto=https' }, true],
  ['a proxy that says http', PUBLIC, { trustProxy: true }, { 'x-forwarded-proto': 'http' }, false],
  [
    'a proxy that says both',
    BEHIND,
    { trustProxy: true },
    { forwarded: 'proto=http', ...TLS },
    false,
  ],
  ['a proxy that says nothing', BEHIND, { trustProxy: true }, {}, false],
]

test.each(SOURCES)('takes the scheme from %s', async (_name, url, options, headers, taken) => {
  const other = { origin: taken ? 'http://other.example' : 'https://other.example' }
  const answers = [
    await asked(url, options, headers),
    // The option of the endpoint overrides the option of the Mac.
    await asked(url, options, headers, other),
    await asked(url, {}, headers, options),
  ]
  for (const answer of answers) {
    expect(answer.startsWith('400 invalid_request')).toBe(!taken)
    expect(answer === '200').toBe(taken)
  }
})

test('ignores forwarded headers without trustProxy', async () => {
  for (const headers of [TLS, { forwarded: 'proto=https' }, { 'x-forwarded-host': 'localhost' }]) {
    expect(await asked(BEHIND, {}, headers)).toContain('400 invalid_request')
  }
})

describe('a request over plain http to localhost', () => {
  const LOCAL = 'http://localhost:3000/token'
  const bun = (address: string | null) => ({
    requestIP: () => (address === null ? null : { address }),
  })
  const deno = (hostname: string) => ({ remoteAddr: { transport: 'tcp', hostname, port: 1 } })
  const node = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })
  const ELSEWHERE = 'names this machine, but comes from another one. Use TLS.'

  test.each([
    ['203.0.113.9', bun('203.0.113.9')],
    ['2001:db8::1', deno('2001:db8::1')],
    ['::ffff:10.0.0.2', node('::ffff:10.0.0.2')],
  ])('is rejected from %s, whatever its host is', async (_name, shown) => {
    for (const url of [LOCAL, 'http://127.0.0.1/token', 'http://[::1]/token']) {
      expect(await asked(url, {}, {}, {}, shown)).toContain(ELSEWHERE)
    }
    expect(await asked(`${PUBLIC}/token`, {}, {}, {}, shown)).toBe('200')
  })

  test.each([
    ['127.0.0.1', bun('127.0.0.1')],
    ['::1', deno('::1')],
    ['::ffff:127.0.0.1', node('::ffff:127.0.0.1')],
    ['an unknown address', bun(null)],
    ['a Unix socket', { remoteAddr: { transport: 'unix', path: '/run/a' } }],
    ['a server that shows no address', undefined],
  ])('is accepted from %s', async (_name, shown) => {
    expect(await asked(LOCAL, {}, {}, {}, shown)).toBe('200')
  })

  test('is checked by clientAddress; that of the endpoint overrides that of the Mac', async () => {
    const given = (address: string | undefined) => ({ clientAddress: () => address })
    const near = given('127.0.0.1')
    const far = given('203.0.113.9')
    expect(await asked(LOCAL, far)).toContain(ELSEWHERE)
    expect(await asked(LOCAL, {}, {}, far)).toContain(ELSEWHERE)
    expect(await asked(LOCAL, far, {}, near)).toContain(ELSEWHERE)
    expect(await asked(LOCAL, near, {}, far, bun('203.0.113.9'))).toBe('200')
    expect(await asked(LOCAL, given(undefined), {}, {}, bun('203.0.113.9'))).toBe('200')
  })

  test('is accepted if origin or trustProxy says so', async () => {
    const from = bun('203.0.113.9')
    const proto = { 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.9' }
    expect(await asked(LOCAL, { origin: 'http://localhost:3000' }, {}, {}, from)).toBe('200')
    expect(await asked(LOCAL, { trustProxy: true }, proto, {}, from)).toBe('200')
    expect(await asked(LOCAL, {}, {}, { origin: 'http://localhost:3000' }, from)).toBe('200')
  })
})
