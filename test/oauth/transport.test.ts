import { createMac } from '../../src/index.ts'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../src/oauth/index.ts'
import type { MacOptions } from '../../src/options.ts'
import { expect, test } from '../support/runner.ts'
import { answerOf, GRANT, SHOP, tokenRequest } from './endpoint.ts'

type Given = Pick<TokenEndpointOptions, 'origin' | 'trustProxy'>
const PUBLIC = 'https://api.example.com'

/** How the endpoint answers, and whether it came so far as to look at the secret. */
async function asked(
  url: string,
  options: Given = {},
  headers: Record<string, string> = {},
  macOptions: MacOptions = {},
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
    endpoint(tokenRequest({ ...GRANT, ...SHOP }, headers, url)),
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
])('%s is taken', async (url) => {
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
])('%s is refused before the secret is looked at', async (url) => {
  expect(await asked(url)).toContain('400 invalid_request: The token endpoint is for https alone')
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
  ['one of several', BEHIND, { origin: [PUBLIC, 'https://b.example'] }, {}, true],
  ['none of several', 'http://c.example/', { origin: [PUBLIC, 'https://b.example'] }, {}, false],
  ['a function', BEHIND, { origin: () => 'https://api.example.com' }, {}, true],
  ['a function that knows none', BEHIND, { origin: () => null }, {}, false],
  ['X-Forwarded-Proto', BEHIND, { trustProxy: true }, TLS, true],
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

test.each(SOURCES)('the scheme comes from %s', async (_name, url, options, headers, taken) => {
  const other = { origin: taken ? 'http://other.example' : 'https://other.example' }
  const answers = [
    await asked(url, options, headers),
    // The endpoint's own option counts alone, and the Mac's where it has none.
    await asked(url, options, headers, other),
    await asked(url, {}, headers, options),
  ]
  for (const answer of answers) {
    expect(answer.startsWith('400 invalid_request')).toBe(!taken)
    expect(answer === '200').toBe(taken)
  }
})

test('what a stranger says is not believed', async () => {
  for (const headers of [TLS, { forwarded: 'proto=https' }, { 'x-forwarded-host': 'localhost' }]) {
    expect(await asked(BEHIND, {}, headers)).toContain('400 invalid_request')
  }
})
