import { createMac, type Mac, type MacOptions } from '../../src/index.ts'
import {
  type IssuedCredential,
  type RefusedTokenRequest,
  secretsAreEqual,
  type TokenEndpoint,
  type TokenEndpointOptions,
  type TokenResult,
} from '../../src/oauth/index.ts'
import { tokenEndpoint } from '../../src/oauth/token-endpoint.ts'
import { Clock } from '../support/clock.ts'

/** The known clients. Some names and secrets have characters that need form encoding. */
export const CLIENTS: Readonly<
  Record<string, { readonly secret: string; readonly given: TokenResult }>
> = {
  shop: { secret: 'shop-secret', given: { user: 'ada', scopes: ['orders:read', 'orders:write'] } },
  plain: { secret: 'plain-secret', given: { user: 7n } },
  'a b:c+d%é': { secret: ': +%&=ß', given: { user: 'odd' } },
  closed: { secret: 'closed-secret', given: { error: 'unauthorized_client' } },
}

/** A token endpoint on a database in memory, and the arguments of its hooks. */
export interface TestEndpoint {
  readonly mac: Mac
  readonly clock: Clock
  readonly endpoint: TokenEndpoint
  readonly issued: IssuedCredential[]
  readonly refused: RefusedTokenRequest[]
  readonly failed: { readonly code: string; readonly message: string; readonly cause: unknown }[]
}

/** @param deadline The deadline of callbacks, in milliseconds. */
export function testEndpoint(
  options: Partial<TokenEndpointOptions> = {},
  macOptions: MacOptions = {},
  deadline = 30_000,
): TestEndpoint {
  const clock = new Clock()
  const mac = createMac({ database: 'sqlite::memory:', now: clock.now, ...macOptions })
  const issued: IssuedCredential[] = []
  const refused: RefusedTokenRequest[] = []
  const failed: { code: string; message: string; cause: unknown }[] = []
  const given: TokenEndpointOptions = {
    authenticateClient: ({ clientId, clientSecret }) => {
      const client = Object.hasOwn(CLIENTS, clientId) ? CLIENTS[clientId] : undefined
      return secretsAreEqual(clientSecret, client?.secret) ? (client?.given ?? null) : null
    },
    onIssue: (credential) => issued.push(credential),
    onRefuse: (request) => refused.push(request),
    onError: ({ code, message, cause }) => failed.push({ code, message, cause }),
    ...options,
  }
  const endpoint = tokenEndpoint(mac, given, deadline)
  return { mac, clock, endpoint, issued, refused, failed }
}

export const GRANT = { grant_type: 'client_credentials' } as const
export const SHOP = { client_id: 'shop', client_secret: 'shop-secret' } as const

/** Makes a token request as a `Request`, without a network. */
export function tokenRequest(
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = {},
  url = 'https://api.example.com/token',
): Request {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const type = 'application/x-www-form-urlencoded'
  return new Request(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } })
}

/** Makes an HTTP Basic header of a text of the form `name:secret`. */
export function basic(text: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

/** Returns the status and the body of an answer. Throws if a cache may store the answer. */
export async function answerOf(
  answer: Response | Promise<Response>,
): Promise<{ readonly status: number; readonly headers: Headers; readonly json: TokenJson }> {
  const { status, headers, ...rest } = await read(await answer)
  if (headers.get('cache-control') !== 'no-store' || headers.get('pragma') !== 'no-cache') {
    throw new Error('A cache may store the answer.')
  }
  return { status, headers, ...rest }
}

interface TokenJson {
  readonly error?: string
  readonly error_description?: string
  readonly access_token?: string
  readonly mac_key?: string
  readonly scope?: string
  readonly [name: string]: unknown
}

async function read(answer: Response) {
  const { status, headers } = answer
  if (headers.get('content-type') !== 'application/json') throw new Error('The answer is not JSON.')
  return { status, headers, json: (await answer.json()) as TokenJson }
}
