import { deepStrictEqual } from 'node:assert/strict'
import NodeFetch from 'node-fetch'
import { Request as Undici } from 'undici'
import { createMac, getMac } from 'withmac'
import { signRequest } from 'withmac/client'

/* Calls a handler with requests of other classes than the global one. */

const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
const app = mac.withMac((request) => new Response(getMac(request).user))
for (const Class of [Undici, NodeFetch.Request]) {
  const { url, method, headers } = await signRequest(new Request('http://127.0.0.1/a?b'), ada)
  const given = () => new Class(url, { method, headers: Object.fromEntries(headers) })
  deepStrictEqual(given() instanceof Request, false)
  const answers = [await app(given()), await app(given())]
  deepStrictEqual(
    answers.map(({ status }) => status),
    [200, 401],
  )
  deepStrictEqual(await answers[0].text(), 'ada')
}
console.log('ok')
