import { misuse } from '../failure.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

/** A moment as people read it, in UTC: `2026-11-04 12:30 UTC`. */
export function showMoment(moment: Date): string {
  // A year after 9999 has more digits, and a sign.
  return `${moment
    .toISOString()
    .replace(/:[^:]*$/, '')
    .replace('T', ' ')} UTC`
}

/** A length of time in its largest unit that leaves two of it: `47 hours`, `3 days`. */
export function showSpan(seconds: number): string {
  const whole = Math.abs(Math.round(seconds))
  for (const [size, name] of [
    [DAY, 'days'],
    [HOUR, 'hours'],
    [MINUTE, 'minutes'],
  ] as const) {
    if (whole >= 2 * size) return `${Math.round(whole / size)} ${name}`
  }
  return whole === 1 ? '1 second' : `${whole} seconds`
}

/** The same in few characters, for tables: `47 h`, `3 d`. */
export function showShortSpan(seconds: number): string {
  return showSpan(seconds).replace(/(?<= [dhms]).*/, '')
}

/**
 * How long ago something was used: `3 minutes ago`. Exact to a minute, as it is known. What a clock has
 * written that was ahead of this one is not taken for new.
 */
export function showAgo(moment: Date, now: Date, show: typeof showSpan = showSpan): string {
  const seconds = (now.getTime() - moment.getTime()) / 1000
  if (seconds <= -2 * MINUTE) {
    return `${show(seconds)} ahead${show === showSpan ? ' of the clock here' : ''}`
  }
  return seconds < MINUTE ? 'just now' : `${show(Math.max(seconds, 2 * MINUTE))} ago`
}

/** The same, to follow "it was": `last used 3 minutes ago`. */
export function showUse(lastUsed: Date | null, now: Date): string {
  if (lastUsed === null) return 'never used, as far as is known'
  return `last used ${showAgo(lastUsed, now)}`
}

/**
 * Reads when a credential is to expire: `never`, a length of time such as `30d` (s, m, h, d, w), or
 * a moment in ISO 8601.
 *
 * @throws Failure where it is none of these, or has passed.
 */
export function readExpiry(text: string, now: Date): Date | null {
  if (text.toLowerCase() === 'never') return null
  const span = secondsOf(text)
  const moment = span === null ? readMoment(text) : new Date(now.getTime() + span * 1000)
  if (span !== null && !(moment.getTime() <= LATEST)) {
    throw misuse(`--expires ${text} is after the year 9999: write never.`)
  }
  if (Number.isNaN(moment.getTime())) {
    throw misuse(
      `--expires ${text} cannot be read: write 30d (or s, m, h, w), never, or a date such as 2030-12-31.`,
    )
  }
  if (moment > now) return moment
  throw misuse(`--expires ${text} has passed: name a moment that is still to come.`)
}

/** The longest grace, in seconds: as the library has it. */
const LONGEST_GRACE = 366 * DAY

/**
 * Reads how long an old key is to stay valid, in seconds: `24h` (s, m, h, d, w), or `0`.
 * @throws Failure where it is none of these, or more than a year.
 */
export function readGrace(text: string): number {
  const seconds = text === '0' ? 0 : secondsOf(text)
  if (seconds === null) {
    throw misuse(
      `--grace ${text} cannot be read: write 24h (or s, m, d, w), or 0 to end the old key at once.`,
    )
  }
  if (seconds <= LONGEST_GRACE) return seconds
  throw misuse(`--grace ${text} is more than a year: an old key is to go before.`)
}

/** A length of time such as `30d`, in seconds, or `null` where it is none. */
export function secondsOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d{1,9})([smhdw])$/i.exec(text) ?? []
  return amount === undefined ? null : Number(amount) * (UNITS[unit.toLowerCase()] ?? 0)
}

/** The end of the year 9999, after which moments are written otherwise. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * Only what starts as ISO 8601 does: `Date` would read `30` as a year, and on some engines February 30 as
 * a day in March.
 */
function readMoment(text: string): Date {
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?:$|T)/i.exec(text) ?? []
  const midnight = new Date(day ?? Number.NaN)
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().slice(0, 10) === day
  return new Date(isDay ? text : Number.NaN)
}
