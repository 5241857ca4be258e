import { MAC_ALGORITHMS } from '../protocol/signature.ts'
import { type SigningCredential, signingCredential } from './credential.ts'
import type { MacFetch } from './options.ts'
import { readLimitedText } from './payload.ts'

/** The maximum length of a response, in bytes. */
const MAX_RESPONSE_BYTES = 16_384
/** The maximum pause that an endpoint may ask for with `Retry-After`, in seconds. */
const MAX_RETRY_AFTER_SECONDS = 300
/**
 * The error codes that are shown (RFC 6749 §5.2 and §4.1.2.1). No other text of the endpoint is shown: it
 * could repeat the secret in some form.
 */
const ERROR_CODES: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
])

export interface TokenClientSettings {
  readonly endpoint: URL
  readonly clientId: string
  readonly clientSecret: string
  /** Scopes with a space between two of them. `null` for the server's default. */
  readonly scope: string | null
  readonly authentication: 'basic' | 'body'
  readonly timeoutSeconds: number
}

/** A credential of a token endpoint. */
export interface TokenCredential {
  readonly credential: SigningCredential
  /** How many seconds it is valid, counted from the request for it. */
  readonly lifetime: number
}

/** Why the client got no credential. The caller gets it as a `MacError`. */
export class TokenFailure extends Error {
  /** The seconds of `Retry-After`. `null` if the response has none. */
  readonly retryAfter: number | null

  constructor(why: string, retryAfter: number | null = null, options: ErrorOptions = {}) {
    super(`The token endpoint ${why}.`, options)
    this.retryAfter = retryAfter
  }
}

/**
 * Asks the token endpoint for a credential (RFC 6749 §4.4.2, draft §5.1). It does *not* follow redirects:
 * they would get the secret.
 *
 * @param now A clock in seconds since 1970.
 * @throws {@link TokenFailure} if there is no response, or no MAC credential in it.
 */
export async function requestCredential(
  settings: TokenClientSettings,
  send: MacFetch,
  now: () => number,
): Promise<TokenCredential> {
  const { endpoint, timeoutSeconds } = settings
  const init = createRequest(settings)
  let signal: AbortSignal | null = null
  let response: Response
  let text: string | null
  try {
    // Timers take whole numbers, and in JavaScript 2.01 * 1000 is not one.
    signal = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))
    response = await send(endpoint.href, { ...init, redirect: 'manual', signal })
    text = await readLimitedText(response, MAX_RESPONSE_BYTES)
  } catch (cause) {
    const why = signal?.aborted
      ? `did not answer within ${timeoutSeconds} seconds`
      : 'could not be reached'
    throw new TokenFailure(why, null, { cause })
  }
  const retryAfter = retryAfterOf(response, now())
  if (text === null) {
    throw new TokenFailure(`sent a response of more than ${MAX_RESPONSE_BYTES} bytes`, retryAfter)
  }
  const content = parseObject(text)
  if (response.status !== 200) throw statusFailure(response.status, content, retryAfter)
  return readIssued(content)
}

function createRequest(settings: TokenClientSettings): RequestInit {
  const { clientId, clientSecret, scope, authentication } = settings
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== null) form.set('scope', scope)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  }
  if (authentication === 'basic') {
    headers.authorization = `Basic ${btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)}`
  } else {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  }
  return { method: 'POST', headers, body: form.toString() }
}

/** Form-encodes a text. OAuth requires this for HTTP Basic as well (RFC 6749 §2.3.1 and appendix B). */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** The JSON object in a response. */
type Content = Readonly<Record<string, unknown>>

/** Parses a JSON object. `null` if the text is not one. */
function parseObject(text: string): Content | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Content) : null
  } catch {
    return null
  }
}

/** Reads a credential from a response (draft §5.1, RFC 6749 §5.1). */
function readIssued(content: Content | null): TokenCredential {
  if (content === null) throw new TokenFailure('sent a response that is not a JSON object')
  const { token_type: type, expires_in: lifetime } = content
  if (typeof type !== 'string' || type.toLowerCase() !== 'mac') {
    throw contentFailure('token_type is not mac')
  }
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY)) {
    throw contentFailure('expires_in is not a positive number')
  }
  return { credential: readMacCredential(content), lifetime }
}

function readMacCredential({
  access_token: id,
  mac_key: key,
  mac_algorithm,
}: Content): SigningCredential {
  const algorithm = MAC_ALGORITHMS.find((known) => known === mac_algorithm)
  if (algorithm === undefined) {
    throw contentFailure(`mac_algorithm is not ${MAC_ALGORITHMS.join(' or ')}`)
  }
  if (typeof id !== 'string') throw contentFailure('access_token is not a string')
  if (typeof key !== 'string') throw contentFailure('mac_key is not a string')
  try {
    return signingCredential({ id, key, algorithm })
  } catch (cause) {
    const why = 'access_token or mac_key is empty, or holds characters that are not allowed'
    throw new TokenFailure(`sent a credential that cannot be used: ${why}`, null, { cause })
  }
}

function contentFailure(what: string): TokenFailure {
  return new TokenFailure(`sent a response that cannot be used: ${what}`)
}

/** Returns the failure for a status that is not 200 (RFC 6749 §5.2). */
function statusFailure(
  status: number,
  content: Content | null,
  retryAfter: number | null,
): TokenFailure {
  if (status === 0 || (status >= 300 && status < 400)) {
    const why = 'sent a redirect, which is not followed: the secret would go there too'
    return new TokenFailure(why, retryAfter)
  }
  const code = ERROR_CODES.has(content?.error) ? `, ${content?.error}` : ''
  return new TokenFailure(`answered ${status}${code}`, retryAfter)
}

/**
 * Returns the seconds of `Retry-After` (RFC 9110 §10.2.3), at most {@link MAX_RETRY_AFTER_SECONDS}. `null` if the
 * response has none.
 *
 * @param now The time in seconds since 1970. Used if the response has no `Date`.
 */
function retryAfterOf({ headers }: Response, now: number): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const date = parseHttpDate(headers.get('date') ?? '')
  const from = Number.isNaN(date) ? now : date
  const seconds = /^\d+$/.test(text) ? Number(text) : parseHttpDate(text) - from
  return seconds > 0 ? Math.min(seconds, MAX_RETRY_AFTER_SECONDS) : null
}

/** Parses an HTTP-date in the preferred form (RFC 9110 §5.6.7). `NaN` for any other text. */
function parseHttpDate(text: string): number {
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text) / 1000
    : Number.NaN
}
