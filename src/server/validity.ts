import { currentSeconds } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { MacSettings } from '../options.ts'
import type { CredentialKey } from './credential-cache.ts'

/** What a timestamp may differ by, from {@link MacSettings}. */
export type TimestampSettings = Pick<MacSettings, 'windowSeconds' | 'maxClockOffsetSeconds'>

/** What {@link checkValidity} found out about a valid key and timestamp. */
export interface Validity {
  /** When it was checked: the server's clock, in whole seconds since 1970. */
  readonly now: number
  /** The clock offset that may be learned, or `null`. */
  readonly learnable: number | null
}

/**
 * Checks that a key and its credential have not expired, and that a timestamp is fresh, by the clock of
 * this moment. It does *not* look at revocation, which must look like a wrong MAC from outside.
 *
 * @throws {@link MacError} `ERR_MAC_KEY_RETIRED`, `ERR_MAC_EXPIRED`, `ERR_MAC_TIMESTAMP_STALE`,
 *   `ERR_MAC_TIMESTAMP_AHEAD`.
 */
export function checkValidity(
  key: CredentialKey,
  timestamp: number,
  settings: MacSettings,
): Validity {
  const now = currentSeconds(settings.now)
  checkEnd(key, now)
  return { now, learnable: checkTimestamp(timestamp, key.credential.clockOffset, now, settings) }
}

/** The same as {@link checkValidity}; `null` if a check fails. */
export function validityOrNull(
  key: CredentialKey,
  timestamp: number,
  settings: MacSettings,
): Validity | null {
  try {
    return checkValidity(key, timestamp, settings)
  } catch {
    return null
  }
}

/**
 * Checks that a key and its credential have not expired. A request may wait for the store, so this is
 * checked again afterwards.
 *
 * @throws {@link MacError} `ERR_MAC_KEY_RETIRED`, `ERR_MAC_EXPIRED`.
 */
export function checkEnd({ credential, number, until }: CredentialKey, now: number): void {
  const { id, expires } = credential
  if (until !== null && now >= until) {
    throw new MacError(
      'ERR_MAC_KEY_RETIRED',
      `Key ${number} of credential ${JSON.stringify(id)} was replaced, and its grace ended at ` +
        `${new Date(until * 1000).toISOString()}.`,
    )
  }
  if (expires !== null && now >= expires) {
    const when = new Date(expires * 1000).toISOString()
    throw new MacError(
      'ERR_MAC_EXPIRED',
      `The credential ${JSON.stringify(id)} expired at ${when}.`,
    )
  }
}

/**
 * Checks that a timestamp lies within `windowSeconds` of the server's clock, to either side (draft §4.1).
 *
 * If clock offsets are allowed, the credential's own offset is added to the timestamp first. If none is
 * known yet, the difference found now may be learned from this request.
 *
 * It does *not* look at the nonce: a fresh timestamp can still be a replay.
 *
 * @param known The offset stored with the credential, or `null`.
 * @param now The server's clock, in whole seconds since 1970.
 * @returns The offset to learn, or `null` if there is none to learn.
 * @throws {@link MacError} `ERR_MAC_TIMESTAMP_STALE` or `ERR_MAC_TIMESTAMP_AHEAD`.
 */
export function checkTimestamp(
  timestamp: number,
  known: number | null,
  now: number,
  { windowSeconds, maxClockOffsetSeconds }: TimestampSettings,
): number | null {
  if (maxClockOffsetSeconds > 0 && known === null) {
    checkWithin(timestamp, now, maxClockOffsetSeconds)
    return now - timestamp
  }
  checkWithin(timestamp + appliedOffset(known, maxClockOffsetSeconds), now, windowSeconds)
  return null
}

/** Returns what is added to a credential's timestamps, in seconds; 0 if nothing is. */
export function appliedOffset(known: number | null, maxClockOffsetSeconds: number): number {
  // An offset that was learned under a larger limit no longer counts.
  return known !== null && Math.abs(known) <= maxClockOffsetSeconds ? known : 0
}

/** Returns how many seconds after its timestamp a nonce may still be used by some credential. */
export function keepSeconds(settings: TimestampSettings): number {
  return settings.windowSeconds + settings.maxClockOffsetSeconds
}

function checkWithin(timestamp: number, now: number, seconds: number): void {
  const age = now - timestamp
  if (Math.abs(age) <= seconds) return
  throw new MacError(
    age > 0 ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD',
    `The timestamp ${timestamp} is ${Math.abs(age)} seconds ${age > 0 ? 'behind' : 'ahead of'} ` +
      `the server's clock; ${seconds} are allowed. Set the clock of the client, or of the server.`,
  )
}
