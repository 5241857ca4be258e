import { createMac } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'

/* The option `cors`: which web pages may read a rejection. */

const URL = 'https://api.example.com/a'
const PAGE = 'https://app.example.com'
const EXPOSED = 'WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, Date'
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')

/** Sends a request that a page of this origin could send. @returns The fields of the answer that concern it. */
async function fieldsOf(
  cors: string | readonly string[] | undefined,
  origin: string | null,
  request: Request = new Request(URL),
) {
  const headers = new Headers(request.headers)
  if (origin !== null) headers.set('origin', origin)
  const app = mac.withMac(() => new Response('hello'), { cors })
  const answer = await app(new Request(request, { headers }))
  const fields = ['access-control-allow-origin', 'vary', 'access-control-expose-headers']
  return fields.map((name) => answer.headers.get(name))
}

describe('a rejection can be read', () => {
  test('by no page without the option', async () => {
    expect(await fieldsOf(undefined, PAGE)).toEqual([null, null, null])
  })
  test('by each page with *', async () => {
    expect(await fieldsOf('*', PAGE)).toEqual(['*', null, EXPOSED])
    expect(await fieldsOf('*', null)).toEqual(['*', null, EXPOSED])
  })
  test('by a page whose origin is listed', async () => {
    const own = ['https://www.example.com', PAGE, 'capacitor://localhost']
    expect(await fieldsOf(PAGE, PAGE)).toEqual([PAGE, 'Origin', EXPOSED])
    for (const page of own) expect(await fieldsOf(own, page)).toEqual([page, 'Origin', EXPOSED])
  })
  test('by no other page', async () => {
    for (const other of [null, 'null', `${PAGE}.evil.example`, 'http://app.example.com', '*', '']) {
      expect(await fieldsOf(PAGE, other)).toEqual([null, 'Origin', null])
    }
  })
})

test('the answer of the handler is not changed', async () => {
  expect(await fieldsOf('*', PAGE, signed(ada, URL))).toEqual([null, null, null])
})

test('the option of withMac replaces that of createMac', async () => {
  const general = createMac({ database: 'sqlite::memory:', cors: '*' })
  const allowed = async (options: object) =>
    (await general.withMac(() => new Response(), options)(new Request(URL))).headers.get(
      'access-control-allow-origin',
    )
  expect(await allowed({})).toBe('*')
  expect(await allowed({ cors: PAGE })).toBeNull()
})

test.each([
  ['app.example.com'],
  ['https://app.example.com/'],
  ['https://App.example.com'],
  ['https://app.example.com:443'],
  ['https://app.example.com/page'],
  ['https://*.example.com'],
  ['null'],
  [''],
  [[]],
  [[PAGE, '*']],
  [[PAGE, 5]],
  [true],
])('an origin that no browser sends is a TypeError: %j', (cors) => {
  expect(() => createMac({ cors: cors as string })).toThrow('cors: must be "*" or origins of pages')
})
