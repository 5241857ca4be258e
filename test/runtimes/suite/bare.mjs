import { exchange, field } from './raw.mjs'

/** What the runtime shows a handler of a request, or by which status it refuses it by itself. */
export async function seenOf(port, bytes, ca = null) {
  const answer = await exchange(port, bytes, { ca })
  const shown = field(answer, 'x-seen')
  if (shown === null) return { status: answer.status }
  return { raw: undefined, ...JSON.parse(decodeURIComponent(shown)) }
}
