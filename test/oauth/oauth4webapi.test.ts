import * as oauth from 'oauth4webapi'
import { createMacFetch } from '../../src/client/index.ts'
import { getMac, type MacAlgorithm } from '../../src/index.ts'
import { listen } from '../support/listen.ts'
import { describe, expect, test } from '../support/runner.ts'
import { CLIENTS, testEndpoint } from './endpoint.ts'

const INSECURE = { [oauth.allowInsecureRequests]: true }
const SHOP = { client_id: 'shop' }
const METHODS: readonly (readonly [string, (secret: string) => oauth.ClientAuth])[] = [
  ['the header', oauth.ClientSecretBasic],
  ['the body', oauth.ClientSecretPost],
]

/** A server with the token endpoint at `/token`, and withmac in front of everything else. */
async function server(options = {}) {
  const made = testEndpoint(options)
  const app = made.mac.withMac((request) => Response.json(getMac(request)))
  const { port, close } = await listen((request) =>
    new URL(request.url).pathname === '/token' ? made.endpoint(request) : app(request),
  )
  const issuer = `http://127.0.0.1:${port}`
  return {
    ...made,
    as: { issuer, token_endpoint: `${issuer}/token` },
    async [Symbol.asyncDispose]() {
      await close()
      await made.mac.close()
    },
  }
}

/** Gets a credential with the library. The library does not know the type `mac` by itself. */
async function obtain(
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  authentication: oauth.ClientAuth,
  parameters: Record<string, string> = {},
) {
  const response = await oauth.clientCredentialsGrantRequest(
    as,
    client,
    authentication,
    parameters,
    INSECURE,
  )
  const recognizedTokenTypes = { mac: () => {} }
  return oauth.processClientCredentialsResponse(as, client, response, { recognizedTokenTypes })
}

describe('oauth4webapi', () => {
  test.each(METHODS)(
    'gets a credential with the secret in %s, and a request signed with it is accepted',
    async (_name, secret) => {
      await using made = await server()
      const token = await obtain(made.as, SHOP, secret('shop-secret'), { scope: 'orders:read' })
      expect(token).toMatchObject({ token_type: 'mac', expires_in: 3600, scope: 'orders:read' })
      const credential = {
        id: token.access_token,
        key: String(token.mac_key),
        algorithm: token.mac_algorithm as MacAlgorithm,
      }
      const macFetch = createMacFetch(credential, { now: made.clock.now })
      const answer = await macFetch(`${made.as.issuer}/orders`, { method: 'POST', body: 'one' })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ user: 'ada', scopes: ['orders:read'] })
    },
  )

  test.each(METHODS)('sends names and secrets of any characters in %s', async (_name, secret) => {
    await using made = await server()
    for (const [client_id, { secret: text, given }] of Object.entries(CLIENTS)) {
      if (given !== null && 'error' in given) continue
      const token = await obtain(made.as, { client_id }, secret(text))
      expect(await made.mac.getCredential(token.access_token)).toMatchObject({ label: client_id })
    }
  })

  test.each([
    ['invalid_scope', 400, SHOP, 'shop-secret', { scope: 'orders:delete' }],
    ['unauthorized_client', 400, { client_id: 'closed' }, 'closed-secret', {}],
  ])('reads the error %s', async (error, status, client, secret, parameters) => {
    await using made = await server()
    const attempt = obtain(made.as, client, oauth.ClientSecretPost(secret), parameters)
    const thrown = await attempt.catch((reason: unknown) => reason)
    expect(thrown).toBeInstanceOf(oauth.ResponseBodyError)
    const {
      error: code,
      error_description: why,
      status: answered,
    } = thrown as oauth.ResponseBodyError
    expect([code, answered]).toEqual([error, status])
    expect(why).toMatch(/^The client /)
  })

  test('reads the error unsupported_grant_type', async () => {
    await using made = await server()
    const secret = oauth.ClientSecretPost('shop-secret')
    const grant = 'urn:ietf:params:oauth:grant-type:device_code'
    const response = await oauth.genericTokenEndpointRequest(
      made.as,
      SHOP,
      secret,
      grant,
      {},
      INSECURE,
    )
    const attempt = oauth.processGenericTokenEndpointResponse(made.as, SHOP, response)
    await expect(attempt).rejects.toMatchObject({ error: 'unsupported_grant_type', status: 400 })
  })

  test.each(METHODS)('reads the challenge for a wrong secret in %s', async (_name, secret) => {
    await using made = await server()
    const attempt = obtain(made.as, SHOP, secret('guess'))
    const thrown = await attempt.catch((reason: unknown) => reason)
    expect(thrown).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
    const { status, cause } = thrown as oauth.WWWAuthenticateChallengeError
    expect([status, cause[0]?.scheme]).toEqual([401, 'basic'])
    expect(cause[0]?.parameters.realm).toBe('token endpoint')
    const { response } = thrown as oauth.WWWAuthenticateChallengeError
    expect(await response.json()).toMatchObject({ error: 'invalid_client' })
  })
})
