import { SCOPE_TOKEN } from '../protocol/text.ts'
import type { RateLimit } from '../types.ts'
import { misuse } from './failure.ts'
import { secondsOf } from './terminal/moments.ts'

const DAY = 86_400

/**
 * The scopes that `--scope` gives, several times or several at once.
 * @throws Failure where one of them cannot be used.
 */
export function readScopes(given: readonly string[]): string[] {
  const scopes = given.flatMap((text) => text.split(' ')).filter((scope) => scope !== '')
  for (const scope of scopes) {
    if (SCOPE_TOKEN.test(scope)) continue
    throw misuse(
      `--scope ${scope} cannot be used: a scope is printable ASCII without space, " and \\, such as orders:read.`,
    )
  }
  if (scopes.length > 0) return scopes
  throw misuse('--scope names no scope: write one, such as orders:read.')
}

/**
 * The limit that `--rate-limit` gives: `100/1m` is 100 requests in a minute.
 * @throws Failure where it cannot be read.
 */
export function readRateLimit(text: string): RateLimit {
  const [, amount, time] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? []
  const requests = Number(amount ?? 0)
  const seconds = secondsOf(time ?? '') ?? secondsOf(`1${time}`)
  if (requests < 1 || seconds === null || seconds < 1) {
    throw misuse(
      `--rate-limit ${text} cannot be read: write 100/1m for 100 requests in a minute (or s, h, d).`,
    )
  }
  if (seconds <= DAY) return { requests, seconds }
  throw misuse(`--rate-limit ${text} is for more than a day: a day, 1d, is the longest.`)
}
