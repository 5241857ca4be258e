import { createMac, getMac } from 'withmac'
import { createTokenFetch } from 'withmac/client'
import { createTokenEndpoint, secretsAreEqual } from 'withmac/oauth'
import { check } from './checks.mjs'

/**
 * Checks a token endpoint and its client on this runtime, connected without a network, with special characters
 * in name and secret.
 */
export async function token() {
  const mac = createMac({ database: 'sqlite::memory:' })
  const secret = ': +%&=ß😀'
  const endpoint = createTokenEndpoint(mac, {
    authenticateClient: ({ clientId, clientSecret }) =>
      secretsAreEqual(clientSecret, secret) ? { user: clientId, scopes: ['a'] } : null,
  })
  const app = mac.withMac((request) => Response.json(getMac(request)?.user))
  const asked = []
  const deliver = (input, init) => {
    const request = new Request(input, init)
    if (!request.url.endsWith('/token')) return app(request)
    asked.push(request.method)
    return endpoint(request)
  }
  for (const authentication of ['basic', 'body']) {
    const tokenFetch = createTokenFetch({
      tokenEndpoint: 'https://api.example/token',
      clientId: 'a b:c',
      clientSecret: secret,
      authentication,
      fetch: deliver,
    })
    const requests = Array.from({ length: 10 }, () => tokenFetch('https://api.example/'))
    const users = await Promise.all((await Promise.all(requests)).map((answer) => answer.json()))
    check(`ten requests are accepted, by ${authentication}`, users, Array(10).fill('a b:c'))
    check('they requested one token', asked.splice(0), ['POST'])
    await Promise.all((await mac.listCredentials()).map(({ id }) => mac.revokeCredential(id)))
    check('a revoked credential is renewed', (await tokenFetch('https://api.example/')).status, 200)
    check('that requested one token', asked.splice(0), ['POST'])
  }
  const plain = new Request('http://api.example/token', { method: 'POST' })
  check('there is no token over plain http', (await endpoint(plain)).status, 400)
  await mac.close()
}
