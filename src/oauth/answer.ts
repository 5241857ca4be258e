import { MacError } from '../errors.ts'
import type { MacAlgorithm } from '../protocol/signature.ts'

/** The error codes of a token endpoint (RFC 6749 §5.2), and one if it cannot issue credentials now. */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'

/** The status of each error. By RFC 6749 §5.2, it is 401 for a failed client authentication, 400 otherwise. */
const STATUS: Readonly<Record<TokenErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503,
}

/** More details of a rejected token request. */
interface RefusalDetails {
  /** Default: the usual status of the error code. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The name that the client sent, if it was read already. */
  readonly clientId?: string
}

/** A rejected token request. Code, message and headers are sent to the client. */
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

  /** Returns the same refusal, with the name that the client sent. */
  by(clientId: string): TokenRefusal {
    const { code, message, status, headers } = this
    return new TokenRefusal(code, message, { status, headers, clientId })
  }
}

/**
 * Calls a function that reads the request, and converts its error to an answer. An error of the request
 * becomes `invalid_request`, an error of the server stays as it is.
 *
 * @throws {@link TokenRefusal} `invalid_request`. {@link MacError} if the server failed.
 */
export function orRefused<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MacError) || error.status >= 500) throw error
    throw new TokenRefusal('invalid_request', error.told.title)
  }
}

/** A new credential for a client (draft §5.1, RFC 6749 §5.1). */
export interface MacToken {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly expiresSeconds: number
  readonly scopes: readonly string[]
}

/** Returns the answer with a credential. No other answer contains a key. */
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

/** Returns the answer with an error (RFC 6749 §5.2). */
export function refusalAnswer({ code, message, status, headers }: TokenRefusal): Response {
  return json(status, { error: code, error_description: message }, headers)
}

/** Returns an answer that no cache may store (RFC 6749 §5.1). */
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
