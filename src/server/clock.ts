import { MacError } from '../errors.ts'

const A_WEEK_IN_MS = 604_800_000

/** The system's clock, in seconds since 1970. */
export function systemClock(): number {
  return Date.now() / 1000
}

/**
 * The server's clock, in whole seconds since 1970.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` where the function given as `now` fails.
 */
export function currentSeconds(now: () => number): number {
  return Math.floor(exactSeconds(now))
}

/**
 * The server's clock, in seconds since 1970, with what is left of the second.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` where the function given as `now` fails.
 */
export function exactSeconds(now: () => number): number {
  if (now === systemClock) return systemClock()
  let seconds: number
  try {
    seconds = now()
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as now failed.', { cause })
  }
  if (Math.abs(seconds - Date.now()) < A_WEEK_IN_MS) {
    const rule = 'The function given as now returned milliseconds; Date.now() / 1000 is in seconds.'
    throw new MacError('ERR_MAC_CALLBACK', rule)
  }
  if (Number.isSafeInteger(Math.floor(seconds))) return seconds
  throw new MacError('ERR_MAC_CALLBACK', 'The function given as now returned no number of seconds.')
}
