import { MacError } from '../errors.ts'
import type { MacAlgorithm } from '../protocol/signature.ts'

/** The errors of a token endpoint (RFC 6749 §5.2), and what it says where it cannot answer now. */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'

/** The status of each error: RFC 6749 §5.2 has 401 for the client's authentication, 400 for the rest. */
const STATUS: Readonly<Record<TokenErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503,
}

/** What is said besides of a request that gets no credential. */
interface RefusalDetails {
  /** In place of the usual one. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Who the client says that it is, where it came so far. */
  readonly clientId?: string
}

/** A request that gets no credential, and why: all of it is told to the client. */
export class TokenRefusal extends Error {
  readonly code: TokenErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly clientId: string | null

  /** @param message Printable ASCII without `"` and `\` (RFC 6749 §5.2). */
  constructor(code: TokenErrorCode, message: string, details: RefusalDetails = {}) {
    super(message)
    this.code = code
    this.status = details.status ?? STATUS[code]
    this.headers = details.headers ?? {}
    this.clientId = details.clientId ?? null
  }

  /** The same, of a client that is known by its name. */
  by(clientId: string): TokenRefusal {
    const { code, message, status, headers } = this
    return new TokenRefusal(code, message, { status, headers, clientId })
  }
}

/**
 * What some reading of the request comes to. What cannot be read is the request's fault, and the client
 * is told of it, unless it is the server that failed.
 *
 * @throws {@link TokenRefusal} `invalid_request`; {@link MacError} where the server failed.
 */
export function orRefused<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MacError) || error.status >= 500) throw error
    throw new TokenRefusal('invalid_request', error.told.title)
  }
}

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
