import { MAC_ALGORITHMS } from '../protocol/signature.ts'
import { readCredential, type Signer } from './credential.ts'
import type { MacFetch } from './options.ts'
import { limitedText } from './payload.ts'

/** The longest answer that is read, in bytes. */
const MAX_BYTES = 16_384
/** The longest pause that an endpoint may ask for with `Retry-After`, in seconds. */
const MAX_PAUSE = 300
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

/** The settings of a token request. */
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
export interface Token {
  readonly signer: Signer
  /** How many seconds it is valid, counted from the request for it. */
  readonly lifetime: number
}

/** Why the client got no credential. The caller gets it as a `MacError`. */
export class TokenFailure extends Error {
  /** The seconds of `Retry-After`. `null` if the answer has none. */
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
 * @throws {@link TokenFailure} if there is no answer, or no MAC credential in it.
 */
export async function requestToken(
  settings: TokenClientSettings,
  send: MacFetch,
  now: () => number,
): Promise<Token> {
  const { endpoint, timeoutSeconds } = settings
  const init = tokenRequest(settings)
  let signal: AbortSignal | null = null
  let response: Response
  let text: string | null
  try {
    // Timers take whole numbers, and in JavaScript 2.01 * 1000 is not one.
    signal = AbortSignal.timeout(Math.ceil(timeoutSeconds * 1000))
    response = await send(endpoint.href, { ...init, redirect: 'manual', signal })
    text = await limitedText(response, MAX_BYTES)
  } catch (cause) {
    const why = signal?.aborted
      ? `did not answer within ${timeoutSeconds} seconds`
      : 'could not be reached'
    throw new TokenFailure(why, null, { cause })
  }
  const retryAfter = retryAfterOf(response, now())
  if (text === null) {
    throw new TokenFailure(`sent an answer of more than ${MAX_BYTES} bytes`, retryAfter)
  }
  const answer = objectIn(text)
  if (response.status !== 200) throw rejected(response.status, answer, retryAfter)
  return readToken(answer)
}

function tokenRequest(settings: TokenClientSettings): RequestInit {
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

type Answer = Readonly<Record<string, unknown>>

/** Parses a JSON object. `null` if the text is not one. */
function objectIn(text: string): Answer | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Answer) : null
  } catch {
    return null
  }
}

/** Reads a credential from an answer (draft §5.1, RFC 6749 §5.1). */
function readToken(answer: Answer | null): Token {
  if (answer === null) throw new TokenFailure('sent an answer that is not a JSON object')
  const { token_type: type, expires_in: lifetime } = answer
  if (typeof type !== 'string' || type.toLowerCase() !== 'mac') {
    throw unusable('token_type is not mac')
  }
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime < Number.POSITIVE_INFINITY)) {
    throw unusable('expires_in is not a positive number')
  }
  return { signer: signerOf(answer), lifetime }
}

function signerOf({ access_token: id, mac_key: key, mac_algorithm }: Answer): Signer {
  const algorithm = MAC_ALGORITHMS.find((known) => known === mac_algorithm)
  if (algorithm === undefined) throw unusable(`mac_algorithm is not ${MAC_ALGORITHMS.join(' or ')}`)
  if (typeof id !== 'string') throw unusable('access_token is not a string')
  if (typeof key !== 'string') throw unusable('mac_key is not a string')
  try {
    return readCredential({ id, key, algorithm })
  } catch (cause) {
    const why = 'access_token or mac_key is empty, or holds characters that are not allowed'
    throw new TokenFailure(`sent a credential that cannot be used: ${why}`, null, { cause })
  }
}

function unusable(what: string): TokenFailure {
  return new TokenFailure(`sent an answer that cannot be used: ${what}`)
}

/** Makes the failure for a status that is not 200 (RFC 6749 §5.2). */
function rejected(status: number, answer: Answer | null, retryAfter: number | null): TokenFailure {
  if (status === 0 || (status >= 300 && status < 400)) {
    const why = 'sent a redirect, which is not followed: the secret would go there too'
    return new TokenFailure(why, retryAfter)
  }
  const code = ERROR_CODES.has(answer?.error) ? `, ${answer?.error}` : ''
  return new TokenFailure(`answered ${status}${code}`, retryAfter)
}

/**
 * Returns the seconds of `Retry-After` (RFC 9110 §10.2.3), at most 300. `null` if the answer has none.
 *
 * @param now The time in seconds since 1970. Used if the answer has no `Date`.
 */
function retryAfterOf({ headers }: Response, now: number): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const date = secondsOf(headers.get('date') ?? '')
  const from = Number.isNaN(date) ? now : date
  const seconds = /^\d+$/.test(text) ? Number(text) : secondsOf(text) - from
  return seconds > 0 ? Math.min(seconds, MAX_PAUSE) : null
}

/** Parses an HTTP-date in the preferred form (RFC 9110 §5.6.7). `NaN` for any other text. */
function secondsOf(text: string): number {
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text) / 1000
    : Number.NaN
}
