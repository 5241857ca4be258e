import type { Budgets } from '../limits/budgets.ts'
import type { Count } from '../limits/count.ts'
import { rateLimitFields, secondsUntil } from '../limits/fields.ts'
import type { RateLimit } from '../store/types.ts'
import { TokenRefusal } from './refusal.ts'

/** Counts a credential that a client is to get. */
export type IssueLimit = (clientId: string) => Promise<void>

/**
 * Limits how many credentials a client gets, so that one that asks before each request does not fill
 * the table.
 *
 * What it gives throws {@link TokenRefusal} with 429 where there were too many.
 *
 * @param budgets Those of all token endpoints of the `Mac`.
 */
export function issueLimit(limit: RateLimit | null, budgets: Budgets): IssueLimit {
  if (limit === null) return async () => {}
  return async (clientId) => {
    const spent = budgets.spent(clientId, limit)
    if (spent !== null) throw tooMany(limit, spent)
    const count = await budgets.take(clientId, limit)
    if (count.used > limit.requests) throw tooMany(limit, count)
  }
}

function tooMany(limit: RateLimit, count: Count): TokenRefusal {
  const { requests, seconds } = limit
  const wait = Math.max(1, secondsUntil(count.resetAt))
  const headers = {
    ...rateLimitFields('credentials', limit, count, wait),
    'Retry-After': String(wait),
  }
  const why = `The client gets ${requests} credentials in ${seconds} seconds: use each until it expires.`
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
