import { currentSeconds } from '../callback.ts'
import { asMacError, MacError } from '../errors.ts'
import type { Explanation } from '../explain/explanation.ts'
import { LimitError } from '../limits/headers.ts'
import type { CorsRule, MacSettings } from '../options.ts'
import { formatChallenge, type MacChallenge } from '../protocol/challenge.ts'
import { serverTimeMac } from '../protocol/hmac.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { problemSlug } from '../protocol/problem-type.ts'
import { plainJson } from '../protocol/terminal-text.ts'
import type { Rejection } from '../types.ts'
import type { CredentialKey } from './credential-cache.ts'
import { ScopeError } from './scope.ts'
import { appliedOffset } from './validity.ts'

/** A client whose MAC is right. */
export interface AuthenticatedClient {
  readonly sent: MacAuthorization
  /** The key that made the MAC. */
  readonly key: CredentialKey
}

/**
 * Returns the verdict on a rejected request.
 *
 * @param thrown Why it is rejected. Anything but a {@link MacError} is a mistake of the library.
 * @param client Who sent it, if the MAC is right.
 */
export function rejectedVerdict(
  thrown: unknown,
  client: AuthenticatedClient | null,
  settings: MacSettings,
): Rejection {
  const error = asMacError(thrown, 'The verification failed unexpectedly.')
  const limit = error instanceof LimitError ? error : null
  return {
    ok: false,
    error,
    id: client?.sent.id ?? null,
    challenge: challengeOf(error, client, settings),
    rateLimit: limit?.rateLimit ?? null,
    retryAfterSeconds: limit?.retryAfterSeconds ?? null,
  }
}

/** What a response says besides the error. */
export interface ResponseDetails {
  /** By it the operator finds the report of the rejection. */
  readonly reference: string
  /** Only with the option `debug`. */
  readonly explanation: Explanation | null
  /** The start of the document's `type`. */
  readonly problemTypes: string
  /** The header fields by which a web page may read the response. */
  readonly cors: Readonly<Record<string, string>> | null
}

/**
 * Returns the response to a rejected request, with a problem document (RFC 9457) that bears the reference
 * of its report: 401 with a challenge (draft §4.2), 403 with the scopes that are needed, 429 with the time
 * to wait, 413 or 400 for a body that is too large or unreadable, and 503 if the server failed.
 */
export function rejectionResponse(
  { error, challenge, rateLimit, retryAfterSeconds }: Rejection,
  { reference, explanation, problemTypes, cors }: ResponseDetails,
): Response {
  const { code, title } = error.told
  const status = error.status < 500 ? error.status : 503
  const problem = {
    type: problemTypes + problemSlug(code),
    title,
    status,
    code,
    reference,
    ...(error instanceof ScopeError && { scopes: error.needed }),
    ...(explanation && { explanation }),
  }
  // A plain object: servers on node:http write it as it is, but would copy a Headers object first.
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...rateLimit,
    ...cors,
  }
  if (retryAfterSeconds !== null) headers['Retry-After'] = String(retryAfterSeconds)
  if (challenge !== null) headers['WWW-Authenticate'] = challenge
  // Developers read an explanation on a terminal, so what the request holds is escaped for one.
  const body = explanation === null ? JSON.stringify(problem) : plainJson(problem)
  return new Response(body, { status, headers })
}

/** The fields of a rejection that a page cannot read unasked. */
const EXPOSED = 'WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, Date'

/** Returns the header fields by which a web page may read the response to a request; `null` if none may. */
export function corsFields(
  request: Request,
  rule: CorsRule | null,
): Readonly<Record<string, string>> | null {
  if (rule === null) return null
  const exposed = { 'Access-Control-Expose-Headers': EXPOSED }
  if (rule === '*') return { 'Access-Control-Allow-Origin': '*', ...exposed }
  const origin = originField(request)
  if (origin === null || !rule.has(origin)) return { Vary: 'Origin' }
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin', ...exposed }
}

function originField(request: Request): string | null {
  try {
    return request.headers.get('origin')
  } catch {
    return null
  }
}

/**
 * Returns the challenge that goes with an error (draft §4.2); `null` unless the status is 401, or 429 for a
 * replay. Without the challenge, a client that gets a 429 would think that its first copy was rejected too.
 *
 * If the MAC is right and the timestamp is not, the challenge carries the server's time with a MAC over it.
 * Nobody else gets that: it is a MAC by a key that they may not have.
 */
function challengeOf(
  error: MacError,
  client: AuthenticatedClient | null,
  settings: MacSettings,
): string | null {
  if (isLimitedReplay(error)) {
    return formatChallenge({ error: error.cause.told.text, ts: null, tsm: null })
  }
  if (error.status !== 401) return null
  const { code, text } = error.told
  if (code === 'ERR_MAC_MISSING') return 'MAC'
  const isTimeWrong = code === 'ERR_MAC_TIMESTAMP_STALE' || code === 'ERR_MAC_TIMESTAMP_AHEAD'
  const time = isTimeWrong && client !== null ? serverTime(client, settings) : null
  return formatChallenge({ error: text, ts: time?.ts ?? null, tsm: time?.tsm ?? null })
}

function isLimitedReplay(error: MacError): error is MacError & { readonly cause: MacError } {
  if (error.status !== 429 || !(error.cause instanceof MacError)) return false
  return error.cause.code === 'ERR_MAC_REPLAY'
}

/**
 * Returns the server's time, less the clock offset that was learned for the credential: what the client's
 * clock should show so that its timestamps are accepted. `null` if the server's clock fails.
 */
function serverTime(
  { sent, key: { algorithm, macKey, credential } }: AuthenticatedClient,
  settings: MacSettings,
): Pick<MacChallenge, 'ts' | 'tsm'> | null {
  try {
    const offset = appliedOffset(credential.clockOffset, settings.maxClockOffsetSeconds)
    const seconds = currentSeconds(settings.now) - offset
    if (seconds <= 0) return null
    const ts = String(seconds)
    return { ts, tsm: serverTimeMac(algorithm, macKey, { ...sent, serverTs: ts }) }
  } catch {
    return null
  }
}
