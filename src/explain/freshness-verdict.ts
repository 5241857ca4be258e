import { looksLikeMilliseconds } from './time-slips.ts'

/** What is wrong with a timestamp. */
export interface StaleTimestamp {
  readonly code: 'ERR_MAC_TIMESTAMP_STALE' | 'ERR_MAC_TIMESTAMP_AHEAD'
  readonly sentence: string
}

/**
 * Judges a timestamp as the server does (draft §4.1), without learning anything.
 *
 * @param now The server's clock in seconds; `null` where it is not known: then only what no clock
 *   could make right is found.
 * @param offset What was learned of the client's clock.
 */
export function staleTimestamp(
  ts: string,
  now: number | null,
  windowSeconds: number,
  offset: number,
): StaleTimestamp | null {
  if (looksLikeMilliseconds(ts)) {
    return {
      code: 'ERR_MAC_TIMESTAMP_AHEAD',
      sentence:
        'The timestamp is in milliseconds, and seconds are wanted: let the client send, and sign, ' +
        'Math.floor(Date.now() / 1000).',
    }
  }
  if (now === null) return null
  const age = Math.floor(now) - (Number(ts) + offset)
  const far = Math.abs(age)
  if (!(far > windowSeconds)) return null
  const behind = age > 0
  const learned = offset === 0 ? '' : `, the ${offset} s learned of the client's clock counted in`
  return {
    code: behind ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD',
    sentence:
      `The timestamp is ${far} s ${behind ? 'behind' : 'ahead of'} the server's clock ` +
      `(client: ${written(Number(ts))}, server: ${written(now)}${learned}), and ${windowSeconds} s are ` +
      `allowed: ${cure(behind, far)}.`,
  }
}

function cure(behind: boolean, far: number): string {
  const hours = Math.round(far / 1800) / 2
  if (hours >= 0.5 && Math.abs(far - hours * 3600) <= 60) {
    return `the difference is ${hours} h, so one side is likely to take local time for UTC; let both count seconds since 1970 in UTC`
  }
  return behind
    ? "set the client's clock, which is slow if the server's is right; or the request was held back, and is to be signed anew"
    : "set the client's clock, which is fast if the server's is right"
}

/** A moment, as far as a Date can show it. */
export function written(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}
