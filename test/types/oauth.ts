import type { RequestHandler } from '@sveltejs/kit'
import { Hono } from 'hono'
import type { LoaderFunctionArgs } from 'react-router'
import { createMac } from 'withmac'
import { createTokenFetch, type MacFetch } from 'withmac/client'
import { createTokenEndpoint, secretsAreEqual, type TokenEndpoint } from 'withmac/oauth'
import { type Equal, holds } from './exact.ts'

const clients = new Map([['shop', { user: 'ada', secret: 'a-secret' }]])
const mac = createMac()
const token = createTokenEndpoint(mac, {
  authenticateClient({ clientId, clientSecret, method }) {
    holds<Equal<typeof method, 'basic' | 'body'>>()
    const client = clients.get(clientId)
    if (client === undefined || !secretsAreEqual(clientSecret, client.secret)) return null
    return { user: client.user, scopes: ['orders:read'] }
  },
})
holds<Equal<typeof token, TokenEndpoint>>()

// The places for a token endpoint.
Bun.serve({ routes: { '/token': token }, fetch: mac.withMac(() => new Response()) })
Bun.serve({ fetch: token })
export const POST: RequestHandler = token
export const action: (args: LoaderFunctionArgs) => Promise<Response> = token
const app = new Hono()
app.all('/token', (c) => token(c.req.raw))
app.mount('/oauth/token', token)

const tokenFetch = createTokenFetch({
  tokenEndpoint: 'https://api.example.com/token',
  clientId: 'shop',
  clientSecret: 'a-secret',
})
holds<Equal<typeof tokenFetch, MacFetch>>()

createTokenEndpoint(mac, {
  authenticateClient: () => null,
  clientAddress: (request: Request) => request.headers.get('x-real-ip') ?? undefined,
})
createTokenEndpoint(mac, { authenticateClient: () => null, clientAddress: undefined })
// @ts-expect-error: an address is not a number
createTokenEndpoint(mac, { authenticateClient: () => null, clientAddress: () => 7 })
// @ts-expect-error: a promise of undefined is not a result
createTokenEndpoint(mac, { authenticateClient: async () => {} })
// @ts-expect-error: true does not say which user
createTokenEndpoint(mac, { authenticateClient: () => true })
