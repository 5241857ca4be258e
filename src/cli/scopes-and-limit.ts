import { SCOPE_TOKEN } from '../protocol/text.ts'
import type { RateLimit } from '../types.ts'
import { misuse } from './failure.ts'
import { secondsOf } from './terminal/moments.ts'

const DAY = 86_400

/**
 * Reads the scopes of `--scope`. The option can be repeated, and one value can contain several scopes.
 * @throws Failure if one of them is not valid.
 */
export function readScopes(given: readonly string[]): string[] {
  const scopes = given.flatMap((text) => text.split(' ')).filter((scope) => scope !== '')
  for (const scope of scopes) {
    if (SCOPE_TOKEN.test(scope)) continue
    throw misuse(
      `--scope ${scope} is not valid: a scope is printable ASCII without spaces, " and \\, such as orders:read.`,
    )
  }
  if (scopes.length > 0) return scopes
  throw misuse('--scope is empty: write a scope, such as orders:read.')
}

/**
 * Reads the limit of `--rate-limit`: `100/1m` is 100 requests per minute.
 * @throws Failure if it is not valid.
 */
export function readRateLimit(text: string): RateLimit {
  const [, amount, time] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? []
  const requests = Number(amount ?? 0)
  const seconds = secondsOf(time ?? '') ?? secondsOf(`1${time}`)
  if (requests < 1 || seconds === null || seconds < 1) {
    throw misuse(
      `--rate-limit ${text} is not valid: write 100/1m for 100 requests per minute (or s, h, d).`,
    )
  }
  if (seconds <= DAY) return { requests, seconds }
  throw misuse(`--rate-limit ${text} is longer than a day: use at most 1d.`)
}
