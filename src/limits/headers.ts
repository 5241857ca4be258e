import { MacError } from '../errors.ts'
import { splitList, trimBlanks } from '../protocol/text.ts'
import type { RateLimit, RateLimitFields } from '../types.ts'
import type { Count, PolicyName } from './counter.ts'

/** How many whole seconds there are until a moment, in milliseconds since 1970. */
export function secondsUntil(moment: number): number {
  return Math.max(0, Math.ceil((moment - Date.now()) / 1000))
}

/** @param wait When the window ends, in seconds. */
export function rateLimitFields(
  name: PolicyName,
  { requests, seconds }: RateLimit,
  { used, resetAt }: Count,
  wait: number = secondsUntil(resetAt),
): RateLimitFields {
  const left = Math.max(0, requests - used)
  return {
    'RateLimit-Policy': `"${name}";q=${requests};w=${seconds}`,
    RateLimit: `"${name}";r=${left};t=${wait}`,
  }
}

const CODES = {
  failures: 'ERR_MAC_FAILURES_LIMITED',
  requests: 'ERR_MAC_RATE_LIMITED',
} as const

/** A limit that is exhausted, and what the client is told of it. */
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
    const what = name === 'failures' ? 'failed requests from' : 'requests of the credential'
    const wait = Math.max(1, secondsUntil(count.resetAt))
    const allowed = `(${requests} per ${seconds} s). Retry in ${wait} s.`
    super(CODES[name], `Too many ${what} ${JSON.stringify(whose)} ${allowed}`, options)
    this.rateLimit = rateLimitFields(name, limit, count, wait)
    this.retryAfterSeconds = wait
  }
}

/**
 * Gives a handler's answer the fields of its caller, beside those of other policies. Its body is not read.
 *
 * The fields are set on the answer itself: a copy would cost the ways in which runtimes send a text or a
 * file. A handler may give one answer to several callers. Each caller after the first gets a copy of it, so
 * that nobody is shown the fields of somebody else.
 *
 * @param fields `null` for a caller without a limit.
 * @param given The answers that had fields set before, of the same `Mac`.
 */
export function withRateLimit(
  answer: Response,
  fields: RateLimitFields | null,
  given: WeakSet<Response>,
): Response {
  const isShared = given.has(answer)
  if ((fields === null && !isShared) || !takesFields(answer)) return answer
  for (const make of [
    () => (isShared ? answer.clone() : answer),
    // The headers of Response.redirect() and of an answer that was fetched cannot be changed.
    () => new Response(answer.body, answer),
    // Its body was read, so it cannot be sent again.
    () => answer,
  ]) {
    try {
      const own = make()
      setFields(own.headers, fields)
      given.add(own)
      return own
    } catch {
      // The next way.
    }
  }
  return answer
}

/** The answer to an upgrade takes no header fields, nor does what Bun wants back for one, which is no answer. */
function takesFields(answer: Response): boolean {
  const status: unknown = (answer as Partial<Response> | null | undefined)?.status
  return typeof status === 'number' && status >= 200
}

/** Sets the fields in place of those of our policy, which an earlier caller may have got. */
function setFields(headers: Headers, fields: RateLimitFields | null): void {
  for (const name of ['RateLimit-Policy', 'RateLimit'] as const) {
    const there = headers.get(name)
    const members = there === null ? [] : (splitList(there, ',') ?? []).map(trimBlanks)
    const others = members.filter((member) => !member.startsWith('"requests";'))
    if (fields !== null) others.push(fields[name])
    if (others.length > 0) headers.set(name, others.join(', '))
    else headers.delete(name)
  }
}
