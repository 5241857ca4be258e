/** The longest time for which an endpoint is believed that it cannot be asked, in seconds. */
const LONGEST = 300

/**
 * For how long an answer asks not to be asked again (RFC 9110 §10.2.3), in seconds, 300 at the most;
 * `null` where it does not.
 *
 * @param now What time it is, in seconds since 1970, where the answer does not tell the server's.
 */
export function retryAfterOf({ headers }: Response, now: number): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const seconds = /^\d+$/.test(text) ? Number(text) : secondsOf(text) - serverTime(headers, now)
  return seconds > 0 ? Math.min(seconds, LONGEST) : null
}

/** A date counts by the clock of who wrote it. */
function serverTime(headers: Headers, now: number): number {
  const seconds = secondsOf(headers.get('date') ?? '')
  return Number.isNaN(seconds) ? now : seconds
}

/** Of an HTTP-date, as RFC 9110 §5.6.7 wants it to be written; `NaN` for all else. */
function secondsOf(text: string): number {
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text) / 1000
    : Number.NaN
}
