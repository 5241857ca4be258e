import type { MacAuthorization } from '../protocol/parameters.ts'
import { joinCovered, type RequestElements } from '../protocol/signature.ts'
import { withRawQuotes } from '../protocol/url-pieces.ts'
import type { Incoming } from './incoming.ts'

/** Whether the server shows each `'` of a query as `%27`, and nowhere what was sent. Bun.serve does. */
const HIDES_QUOTES = process.versions.bun !== undefined

/**
 * Returns the normalized request strings (draft §3.2.1) that a client may have signed for a request: one, and on Bun a
 * second one, in which each `%27` of the query is a `'`. The handler sees the same URL, whichever was sent, so a MAC
 * over either covers what the handler sees.
 *
 * How many there are depends only on the request target, and not on whether the credential exists. It does *not* return
 * mixtures of `'` and `%27`.
 */
export function textsOf(
  origin: RequestElements,
  sent: MacAuthorization,
  incoming: Incoming,
): readonly string[] {
  const text = joinCovered(origin, sent)
  if (!HIDES_QUOTES || incoming.showsSentTarget) return [text]
  const target = withRawQuotes(origin.target)
  return target === null ? [text] : [text, joinCovered({ ...origin, target }, sent)]
}
