import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimit } from '../store/store.ts'
import { TokenRefusal } from './refusal.ts'

/** Counts a credential that a client is to get. */
export type IssueLimit = (clientId: string) => Promise<void>

/**
 * Limits how many credentials a client gets, so that one that asks before each request does not fill
 * the table. Only clients that proved who they are may be counted.
 *
 * What it gives throws {@link TokenRefusal} with 429 where there were too many.
 */
export function issueLimit(limit: RateLimit | null): IssueLimit {
  if (limit === null) return async () => {}
  const limiter = new RateLimiterMemory({ points: limit.requests, duration: limit.seconds })
  return async (clientId) => {
    try {
      await limiter.consume(clientId)
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused
      const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
      throw new TokenRefusal(
        'temporarily_unavailable',
        `The client got ${limit.requests} credentials within ${limit.seconds} seconds: use each until it expires.`,
        { status: 429, headers: { 'Retry-After': String(seconds) } },
      )
    }
  }
}
