import { misuse } from '../failure.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

/**
 * Reads `--expires`: `never`, a duration such as `30d` (s, m, h, d, w), or a time in ISO 8601. Returns `null`
 * for `never`.
 *
 * @throws Failure if it is none of these, or if it is in the past.
 */
export function readExpiry(text: string, now: Date): Date | null {
  if (text.toLowerCase() === 'never') return null
  const span = secondsOf(text)
  const moment = span === null ? readMoment(text) : new Date(now.getTime() + span * 1000)
  if (span !== null && !(moment.getTime() <= LATEST)) {
    throw misuse(`--expires ${text} is after the year 9999: use never.`)
  }
  if (Number.isNaN(moment.getTime())) {
    throw misuse(
      `--expires ${text} is not valid: write 30d (or s, m, h, w), never, or a date such as 2030-12-31.`,
    )
  }
  if (moment > now) return moment
  throw misuse(`--expires ${text} is in the past: write a time in the future.`)
}

/** The longest grace, in seconds, that the library accepts. */
const LONGEST_GRACE = 366 * DAY

/**
 * Reads `--grace`, how long the old key stays valid: `24h` (s, m, h, d, w), or `0`. Returns seconds.
 * @throws Failure if it is none of these, or if it is longer than a year.
 */
export function readGrace(text: string): number {
  const seconds = text === '0' ? 0 : secondsOf(text)
  if (seconds === null) {
    throw misuse(
      `--grace ${text} is not valid: write 24h (or s, m, d, w), or 0 to end the old key at once.`,
    )
  }
  if (seconds <= LONGEST_GRACE) return seconds
  throw misuse(`--grace ${text} is longer than a year: use at most 366d.`)
}

/** Reads a duration such as `30d`. Returns seconds, or `null` if it is not a duration. */
export function secondsOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d{1,9})([smhdw])$/i.exec(text) ?? []
  return amount === undefined ? null : Number(amount) * (UNITS[unit.toLowerCase()] ?? 0)
}

/** The end of the year 9999. Later times are written in another form. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * Reads a time that starts like ISO 8601. `Date` alone would read `30` as a year, and some engines read
 * February 30 as a day in March.
 */
function readMoment(text: string): Date {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?:$|T)/i.exec(text) ?? []
  const midnight = new Date(day ?? Number.NaN)
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().slice(0, 10) === day
  return new Date(isDay ? text : Number.NaN)
}
