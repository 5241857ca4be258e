import { MacError } from '../errors.ts'
import type { MacSettings } from '../settings.ts'
import { currentSeconds } from './clock.ts'
import type { CredentialKey } from './credential-cache.ts'
import { type FreshnessRule, judgeTimestamp } from './freshness.ts'

/** What was found of a key and a timestamp that are valid. */
export interface Validity {
  /** What the timestamp was judged by, with the time of the check. */
  readonly rule: FreshnessRule
  /** The clock offset that may be learned, or `null`. */
  readonly learnable: number | null
}

/**
 * Checks that a key and its credential have not expired, and that a timestamp is fresh, by the clock of
 * this moment. It does *not* look at revocation, which must look like a wrong MAC from outside.
 *
 * @throws {@link MacError} `ERR_MAC_KEY_RETIRED`, `ERR_MAC_EXPIRED`, `ERR_MAC_TIMESTAMP_STALE`, `ERR_MAC_TIMESTAMP_AHEAD`.
 */
export function checkValidity(
  key: CredentialKey,
  timestamp: number,
  settings: MacSettings,
): Validity {
  const { windowSeconds, maxClockOffsetSeconds } = settings
  const rule = { now: currentSeconds(settings.now), windowSeconds, maxClockOffsetSeconds }
  checkEnd(key, rule.now)
  return { rule, learnable: judgeTimestamp(timestamp, key.credential.clockOffset, rule) }
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
