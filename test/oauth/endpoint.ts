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

/** The clients that there are: names and secrets with what only form encoding carries through. */
export const CLIENTS: Readonly<
  Record<string, { readonly secret: string; readonly given: TokenResult }>
> = {
  shop: { secret: 'shop-secret', given: { user: 'ada', scopes: ['orders:read', 'orders:write'] } },
  plain: { secret: 'plain-secret', given: { user: 7n } },
  'a b:c+d%é': { secret: ': +%&=ß', given: { user: 'odd' } },
  closed: { secret: 'closed-secret', given: { error: 'unauthorized_client' } },
}

/** An endpoint on a database in memory, and what it told its hooks. */
export interface TestEndpoint {
  readonly mac: Mac
  readonly clock: Clock
  readonly endpoint: TokenEndpoint
  readonly issued: IssuedCredential[]
  readonly refused: RefusedTokenRequest[]
  readonly failed: { readonly code: string; readonly message: string; readonly cause: unknown }[]
}

/** @param deadline As createTokenEndpoint has it by itself, in milliseconds. */
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

/** A token request, as a `Request` that nobody sends. */
export function tokenRequest(
  form: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = {},
  url = 'https://api.example.com/token',
): Request {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const type = 'application/x-www-form-urlencoded'
  return new Request(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } })
}

/** HTTP Basic of a text that is in the form that the header wants. */
export function basic(text: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

/** Status and body of an answer, of which each must say that nobody is to keep it. */
export async function answerOf(
  answer: Response | Promise<Response>,
): Promise<{ readonly status: number; readonly headers: Headers; readonly json: TokenJson }> {
  const { status, headers, ...rest } = await read(await answer)
  if (headers.get('cache-control') !== 'no-store' || headers.get('pragma') !== 'no-cache') {
    throw new Error('The answer may be kept.')
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
  if (headers.get('content-type') !== 'application/json') throw new Error('The answer is no JSON.')
  return { status, headers, json: (await answer.json()) as TokenJson }
}
