import type { Explanation } from '../explain/explanation.ts'
import { plainJson } from '../protocol/text.ts'
import { ScopeError } from './scope.ts'
import type { Refusal } from './verdict.ts'

/** What a client is told besides the error. */
export interface Told {
  /** By which the operator finds the report of the refusal. */
  readonly reference: string
  /** Only with the option `debug`. */
  readonly explanation: Explanation | null
}

/**
 * The answer to a request that is not let in: 401 with a challenge (draft §4.2), 403 with the scopes
 * that are demanded, 429 with the time to wait, 413 or 400 for a body that is too large or unreadable,
 * or 503 where nobody can be let in, each with a problem document (RFC 9457) that bears the reference
 * of its report.
 */
export function refusal(
  { error, challenge, rateLimit, retryAfterSeconds }: Refusal,
  { reference, explanation }: Told,
): Response {
  const { code, title } = error.told
  const status = error.status < 500 ? error.status : 503
  const slug = code.slice('ERR_MAC_'.length).toLowerCase().replaceAll('_', '-')
  const type = `urn:problem-type:withmac:${slug}`
  const scopes = error instanceof ScopeError ? { scopes: error.demanded } : null
  const problem = {
    type,
    title,
    status,
    code,
    reference,
    ...scopes,
    ...(explanation && { explanation }),
  }
  // A plain object: servers on node:http write it as it is, where Headers would be made and read again.
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...rateLimit,
  }
  if (retryAfterSeconds !== null) headers['Retry-After'] = String(retryAfterSeconds)
  if (challenge !== null) headers['WWW-Authenticate'] = challenge
  // Developers look at an explanation on a terminal: what a request holds is escaped for it.
  const body = explanation === null ? JSON.stringify(problem) : plainJson(problem)
  return new Response(body, { status, headers })
}
