import { expect, test } from 'bun:test'
import { createMac, getMac } from 'withmac'
import { signed } from '../support/sign.ts'

test('a signed request reaches the handler, and its copy does not', async () => {
  const mac = createMac({ database: 'sqlite::memory:' })
  const ada = await mac.createCredential('ada')
  const app = mac.withMac((request) => new Response(`hello ${getMac(request)?.user}`))
  const url = 'http://example.com/a?b=1'
  const request = signed(ada, url)
  const copy = new Request(request)
  expect(await (await app(request)).text()).toBe('hello ada')
  expect((await app(copy)).status).toBe(401)
})
