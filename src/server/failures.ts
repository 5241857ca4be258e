import type { MacError } from '../errors.ts'
import type { MacSettings } from '../settings.ts'
import type { NonceStore } from '../store/types.ts'
import { currentSeconds } from './clock.ts'

/**
 * Counts a refusal for the credential that the request named, once it was looked up: a 401 for any
 * reason but that there is none. That is counted as well, apart, so that it is as much work. What is no fault of the request, or was not
 * told by its credentials, does not count. Nothing is written now: see `NonceStore.failed`.
 *
 * @param error Why the request was refused, after the look-up.
 */
export function countFailure(
  error: MacError,
  id: string,
  nonces: NonceStore,
  settings: MacSettings,
): void {
  if (error.status !== 401) return
  const isUnknown = error.code === 'ERR_MAC_UNKNOWN_IDENTIFIER'
  try {
    nonces.failed(id, currentSeconds(settings.now), !isUnknown)
  } catch {
    // The clock is the caller's, and may fail: the request is refused in any case.
  }
}
