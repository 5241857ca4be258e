import { MacError } from '../errors.ts'

/**
 * The server's clock, in whole seconds since 1970.
 *
 * @throws {@link MacError} `ERR_MAC_CALLBACK` where the function given as `now` fails.
 */
export function currentSeconds(now: () => number): number {
  let seconds: number
  try {
    seconds = Math.floor(now())
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as now failed.', { cause })
  }
  if (Number.isSafeInteger(seconds)) return seconds
  throw new MacError('ERR_MAC_CALLBACK', 'The function given as now returned no number of seconds.')
}
