import type { MacError } from '../errors.ts'

/**
 * The answer to a request that is not let in: 401 with a challenge (draft §4.2), 413 or 400 for a body
 * that is too large or unreadable, or 503 where nobody can be let in, each with a problem document
 * (RFC 9457).
 */
export function refusal(error: MacError, challenge: string | null): Response {
  const { code, title } = error.told
  const status = error.status < 500 ? error.status : 503
  const slug = code.slice('ERR_MAC_'.length).toLowerCase().replaceAll('_', '-')
  const problem = { type: `urn:problem-type:withmac:${slug}`, title, status, code }
  const headers = new Headers({
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  })
  if (challenge !== null) headers.set('WWW-Authenticate', challenge)
  return new Response(JSON.stringify(problem), { status, headers })
}
