import { createMac, getMac } from 'withmac'
import { createTokenFetch } from 'withmac/client'
import { createTokenEndpoint, secretsAreEqual } from 'withmac/oauth'
import { check } from './checks.mjs'

/**
 * A token endpoint and a client that gets its credential there, handed to each other without a network:
 * what both need of the runtime is there, and names and secrets of any characters get through.
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
  const hand = (input, init) => {
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
      fetch: hand,
    })
    const requests = Array.from({ length: 10 }, () => tokenFetch('https://api.example/'))
    const users = await Promise.all((await Promise.all(requests)).map((answer) => answer.json()))
    check(`ten requests are let in, by ${authentication}`, users, Array(10).fill('a b:c'))
    check('they asked once', asked.splice(0), ['POST'])
    await Promise.all((await mac.listCredentials()).map(({ id }) => mac.revokeCredential(id)))
    check('revoked, it is renewed', (await tokenFetch('https://api.example/')).status, 200)
    check('that asked once', asked.splice(0), ['POST'])
  }
  const plain = new Request('http://api.example/token', { method: 'POST' })
  check('over plain http there is none', (await endpoint(plain)).status, 400)
  await mac.close()
}
