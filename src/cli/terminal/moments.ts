import { misuse } from '../failure.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const UNITS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

/** A moment as people read it, in UTC: `2026-11-04 12:30 UTC`. */
export function showMoment(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`
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

/**
 * Reads when a credential is to expire: `never`, a length of time such as `30d` (s, m, h, d, w), or
 * a moment in ISO 8601.
 *
 * @throws Failure where it is none of these, or has passed.
 */
export function readExpiry(text: string, now: Date): Date | null {
  if (text.toLowerCase() === 'never') return null
  const [, amount, unit] = /^(\d{1,9})([smhdw])$/i.exec(text) ?? []
  const moment =
    amount !== undefined && unit !== undefined
      ? new Date(now.getTime() + Number(amount) * (UNITS[unit.toLowerCase()] ?? 0) * 1000)
      : readMoment(text)
  if (Number.isNaN(moment.getTime())) {
    throw misuse(
      `--expires ${text} cannot be read: write 30d (or s, m, h, w), never, or a date such as 2030-12-31.`,
    )
  }
  if (moment > now) return moment
  throw misuse(`--expires ${text} has passed: the credential could never be used.`)
}

/** Only what starts as ISO 8601 does: `Date` would read `30` as a year. */
function readMoment(text: string): Date {
  return new Date(/^\d{4}-\d{2}-\d{2}(?:$|T)/i.test(text) ? text : Number.NaN)
}
