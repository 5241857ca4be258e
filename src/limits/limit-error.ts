import { MacError } from '../errors.ts'
import type { RateLimit } from '../types.ts'
import type { Count } from './count.ts'
import { type RateLimitFields, rateLimitFields, secondsUntil } from './fields.ts'

const CODES = {
  failures: 'ERR_MAC_FAILURES_LIMITED',
  requests: 'ERR_MAC_RATE_LIMITED',
} as const

/** A budget that is used up, and what the client is told of it. */
export class LimitError extends MacError {
  readonly rateLimit: RateLimitFields
  /** For `Retry-After`. */
  readonly retryAfterSeconds: number

  /** @param whose For the operator: the client's address, or the key identifier. */
  constructor(
    name: keyof typeof CODES,
    whose: string,
    limit: RateLimit,
    count: Count,
    options?: ErrorOptions,
  ) {
    const { requests, seconds } = limit
    const what =
      name === 'failures' ? 'refused requests of the address' : 'requests of the credential'
    const budget = `${requests} ${what} ${JSON.stringify(whose)} in ${seconds} seconds`
    const wait = Math.max(1, secondsUntil(count.resetAt))
    super(CODES[name], `No more than ${budget} are taken; the next in ${wait} seconds.`, options)
    this.rateLimit = rateLimitFields(name, limit, count, wait)
    this.retryAfterSeconds = wait
  }
}
