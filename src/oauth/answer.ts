import type { MacAlgorithm } from '../protocol/algorithm.ts'
import type { TokenRefusal } from './refusal.ts'

/** What the endpoint made for a client (draft §5.1, RFC 6749 §5.1). */
export interface MacToken {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly expiresSeconds: number
  readonly scopes: readonly string[]
}

/** The answer with a credential. It is the only one that ever holds a key. */
export function tokenAnswer({ id, key, algorithm, expiresSeconds, scopes }: MacToken): Response {
  return json(200, {
    access_token: id,
    token_type: 'mac',
    expires_in: expiresSeconds,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    mac_key: key,
    mac_algorithm: algorithm,
  })
}

/** The answer without one (RFC 6749 §5.2). */
export function refusalAnswer({ code, message, status, headers }: TokenRefusal): Response {
  return json(status, { error: code, error_description: message }, headers)
}

/** Never kept by anybody on the way, whatever it holds (RFC 6749 §5.1). */
function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}) {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      Pragma: 'no-cache',
    },
  })
}
