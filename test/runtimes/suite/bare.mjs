import { exchange, field } from './raw.mjs'

/** @returns What the runtime shows a handler of a request, or the status if the runtime rejects it. */
export async function seenOf(port, bytes, ca = null) {
  const answer = await exchange(port, bytes, { ca })
  const shown = field(answer, 'x-seen')
  if (shown === null) return { status: answer.status }
  return { raw: undefined, ...JSON.parse(decodeURIComponent(shown)) }
}
