import fc from 'fast-check'
import { createMac } from '../../src/index.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const URL = 'http://example.com/a'
const mac = createMac({ database: 'sqlite::memory:', clockOffset: { maxSeconds: 3600 } })
const plain = createMac({ database: 'sqlite::memory:' })

test('of any number of simultaneous copies of a request, exactly one is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 64 }), fc.boolean(), async (copies, learning) => {
      const server = learning ? mac : plain
      const app = server.withMac(async () => new Response())
      const header = authorization(await server.createCredential('ada'), URL)
      const send = () => outcome(app(new Request(URL, { headers: { authorization: header } })))
      const answers = await Promise.all(Array.from({ length: copies }, send))
      expect(answers.filter((answer) => answer === '200')).toHaveLength(1)
      expect(answers.filter((answer) => answer === '401 ERR_MAC_REPLAY')).toHaveLength(copies - 1)
    }),
    { numRuns: 50 },
  )
})

test('simultaneous requests are accepted if their nonce, timestamp or credential differs', async () => {
  const app = plain.withMac(() => new Response())
  const [ada, eve] = [await plain.createCredential('ada'), await plain.createCredential('eve')]
  const ts = Math.floor(Date.now() / 1000)
  const headers = [
    authorization(ada, URL, { ts, nonce: 'a' }),
    authorization(ada, URL, { ts, nonce: 'b' }),
    authorization(ada, URL, { ts: ts - 1, nonce: 'a' }),
    authorization(eve, URL, { ts, nonce: 'a' }),
  ]
  const send = (header: string) =>
    outcome(app(new Request(URL, { headers: { authorization: header } })))
  expect(await Promise.all(headers.map(send))).toEqual(['200', '200', '200', '200'])
  const again = authorization(ada, URL, { ts, nonce: 'a', ext: 'another request' })
  expect(await send(again)).toBe('401 ERR_MAC_REPLAY')
})
