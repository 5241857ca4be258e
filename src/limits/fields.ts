import { splitList, trimBlanks } from '../protocol/text.ts'
import type { RateLimit } from '../types.ts'
import type { BudgetName } from './budgets.ts'
import type { Count } from './count.ts'

/** The header fields that tell a client of its budget (draft-ietf-httpapi-ratelimit-headers-11). */
export interface RateLimitFields {
  /** What is allowed: `"requests";q=100;w=60`. */
  readonly 'RateLimit-Policy': string
  /** What is left of it, and the seconds until all of it is there again: `"requests";r=99;t=60`. */
  readonly RateLimit: string
}

/** How many whole seconds there are until a moment, in milliseconds since 1970. */
export function secondsUntil(moment: number): number {
  return Math.max(0, Math.ceil((moment - Date.now()) / 1000))
}

/** @param wait When the budget begins anew, in seconds. */
export function rateLimitFields(
  name: BudgetName,
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

/**
 * Whether an answer can take header fields: the answer to an upgrade cannot, nor what Bun wants given
 * back for one, which is no answer at all.
 */
export function takesFields(answer: Response): boolean {
  const status: unknown = (answer as Partial<Response> | null | undefined)?.status
  return typeof status === 'number' && status >= 200
}

/**
 * An answer of the handler with the fields added, beside those of other policies. Its body is not
 * read. One that cannot take header fields is left as it is.
 */
export function withRateLimit(answer: Response, fields: RateLimitFields): Response {
  if (!takesFields(answer)) return answer
  try {
    addTo(answer.headers, fields)
    return answer
  } catch {
    // Immutable ones, of Response.redirect() or of an answer that was fetched.
    return copied(answer, fields)
  }
}

function copied(answer: Response, fields: RateLimitFields): Response {
  try {
    const copy = new Response(answer.body, answer)
    addTo(copy.headers, fields)
    return copy
  } catch {
    return answer
  }
}

function addTo(headers: Headers, fields: RateLimitFields): void {
  for (const [name, value] of Object.entries(fields))
    headers.set(name, beside(headers, name, value))
}

/** A handler may give the same answer twice, with what was added to it the first time. */
function beside(headers: Headers, name: string, value: string): string {
  const there = headers.get(name)
  if (there === null) return value
  const [policy = ''] = value.split(';', 1)
  const others = splitList(there, ',')?.map(trimBlanks) ?? []
  return [...others.filter((member) => !member.startsWith(`${policy};`)), value].join(', ')
}
