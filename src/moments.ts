const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Formats a time for people, in UTC: `2026-11-04 12:30 UTC`. */
export function showMoment(moment: Date): string {
  // No fixed width: a year after 9999 has a sign and more digits.
  return `${moment
    .toISOString()
    .replace(/:[^:]*$/, '')
    .replace('T', ' ')} UTC`
}

/** Formats a duration in the largest unit of which it has at least two: `47 hours`, `3 days`. */
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

/** Like {@link showSpan}, but short, for tables: `47 h`, `3 d`. */
export function showShortSpan(seconds: number): string {
  return showSpan(seconds).replace(/(?<= [dhms]).*/, '')
}

/**
 * Formats how long ago something was used: `3 minutes ago`. It is exact to a minute, because use is stored
 * once a minute. A time in the future comes from a clock that was ahead: it is not shown as "just now".
 */
export function showAgo(moment: Date, now: Date, show: typeof showSpan = showSpan): string {
  const seconds = (now.getTime() - moment.getTime()) / 1000
  if (seconds <= -2 * MINUTE) {
    return `${show(seconds)} ahead${show === showSpan ? ' of the clock here' : ''}`
  }
  return seconds < MINUTE ? 'just now' : `${show(Math.max(seconds, 2 * MINUTE))} ago`
}

/** Formats the last use as the end of "it was …": `last used 3 minutes ago`. */
export function showUse(lastUsed: Date | null, now: Date): string {
  if (lastUsed === null) return 'never used, as far as withmac knows'
  return `last used ${showAgo(lastUsed, now)}`
}
