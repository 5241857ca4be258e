import { MacError } from '../errors.ts'
import { splitList, trimBlanks } from '../protocol/characters.ts'
import type { RateLimit, RateLimitFields } from '../types.ts'
import type { Count, PolicyName } from './counter.ts'

/**
 * Returns the whole seconds until a time, rounded up.
 * @param time In milliseconds since 1970.
 */
export function secondsUntil(time: number): number {
  return Math.max(0, Math.ceil((time - Date.now()) / 1000))
}

/**
 * Returns the header fields for a limit and its count.
 * @param wait The seconds until the window ends.
 */
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

/** The error for an exhausted limit, with the header fields for the client. */
export class LimitError extends MacError {
  readonly rateLimit: RateLimitFields
  /** The value for `Retry-After`. */
  readonly retryAfterSeconds: number

  /** @param whose The client's address, or the key identifier, for the operator's log. */
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
 * Adds the rate limit fields to a handler's response, beside those of other policies. It does *not* read the
 * body.
 *
 * The fields are set on the response itself, because runtimes send the text or file of a copy more
 * slowly. A handler may return one response to several clients. Then each client after the first gets a
 * copy, so that no client sees the fields of another.
 *
 * @param fields `null` for a client without a limit.
 * @param given The responses to which the same `Mac` has already added fields.
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
    // The headers of Response.redirect(), and of a response from fetch, cannot be changed.
    () => new Response(answer.body, answer),
    // The body was read, so there can be no copy.
    () => answer,
  ]) {
    try {
      const own = make()
      setFields(own.headers, fields)
      given.add(own)
      return own
    } catch {
      // Tries the next way.
    }
  }
  return answer
}

/** Whether fields can be added. Not to the response of an upgrade, nor to what Bun expects instead of one. */
function takesFields(answer: Response): boolean {
  const status: unknown = (answer as Partial<Response> | null | undefined)?.status
  return typeof status === 'number' && status >= 200
}

/** Sets the fields. They replace those of the same policy, which may be from an earlier client. */
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
