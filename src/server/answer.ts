import type { MacError } from '../errors.ts'
import { formatChallenge } from '../protocol/challenge.ts'

/**
 * The answer to a request that is not let in: 401 with a challenge (draft §4.2), or 503 where nobody
 * can be let in, each with a problem document (RFC 9457).
 */
export function refusal(error: MacError): Response {
  const { code, title, text } = error.told
  const status = error.status === 401 ? 401 : 503
  const slug = code.slice('ERR_MAC_'.length).toLowerCase().replaceAll('_', '-')
  const problem = { type: `urn:problem-type:withmac:${slug}`, title, status, code }
  const headers = new Headers({
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  })
  if (status === 401) {
    const why = code === 'ERR_MAC_MISSING' ? null : text
    headers.set('WWW-Authenticate', formatChallenge({ error: why, ts: null, tsm: null }))
  }
  return new Response(JSON.stringify(problem), { status, headers })
}
