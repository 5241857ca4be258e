import fc from 'fast-check'
import { signRequest } from '../../src/client/index.ts'
import { createMac, MacError } from '../../src/index.ts'
import { afterAll, beforeAll, expect, test } from '../support/runner.ts'
import { TARGETS } from './awkward.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const KEY = { id: 'ada-id', key: 'ada-a-key-that-holds-128-bits' }
beforeAll(() => mac.createCredential('ada', KEY))
afterAll(() => mac.close())

const piece = fc.oneof(
  fc.constantFrom('/', '//', '?', '#', '%', '%2F', '%zz', '^', '\\', '..', '.', '@', ':', ';', ' '),
  fc.constantFrom("'", '"', '<', '>', '{', '}', '|', '[', ']', '`', '~', '+', '&', '=', 'é', '😀'),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.stringMatching(/^[a-z0-9]{1,4}$/),
)
const rest = fc.oneof(
  fc.constantFrom(...TARGETS),
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
)
const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'https:', 'ftp://')
const user = fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.constantFrom('a@', 'a:b@', '@'))
const host = fc.oneof(
  { weight: 4, arbitrary: fc.domain() },
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.constantFrom('EXAMPLE.com', 'münchen.example', 'a_b.example', '127.1', '0x7f.1', 'localhost.'),
  fc.constantFrom(
    'a..b',
    'a!b',
    'x%41y',
    '1.2.3.4.',
    '[::ffff:1.2.3.4]',
    '-',
    'a\u00adb',
    '日本.jp',
  ),
)
const port = fc.oneof(
  fc.constantFrom('', ':', ':80', ':443', ':0', ':080'),
  fc.nat(65535).map((number) => `:${number}`),
)
const url = fc
  .tuple(scheme, user, host, port, fc.constantFrom('', '/', '/', '/'), rest)
  .map((pieces) => pieces.join(''))

test('signRequest signs every URL of a Request so that it verifies, or rejects with a reason', async () => {
  let verified = 0
  let rejected = 0
  await fc.assert(
    fc.asyncProperty(
      url,
      fc.constantFrom('GET', 'post', 'PATCH', 'DELETE'),
      async (text, method) => {
        let request: Request
        try {
          request = new Request(text, { method })
        } catch {
          return
        }
        let signed: Request
        try {
          signed = await signRequest(request, KEY)
        } catch (error) {
          expect(error).toBeInstanceOf(MacError)
          expect((error as MacError).code).toBe('ERR_MAC_CLIENT_URL')
          rejected++
          return
        }
        verified++
        const sent = new Request(signed.url.replace(/#.*$/s, ''), signed)
        expect(await mac.verify(sent)).toMatchObject({ ok: true })
      },
    ),
    { numRuns: 3000 },
  )
  // Otherwise the property would test nothing.
  expect(verified).toBeGreaterThan(700)
  expect(rejected).toBeGreaterThan(50)
})
