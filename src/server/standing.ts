import { MacError } from '../errors.ts'
import type { MacSettings } from '../settings.ts'
import { currentSeconds } from './clock.ts'
import { type FreshnessRule, judgeTimestamp } from './freshness.ts'
import type { KnownKey } from './known-credentials.ts'

/** What was found of a key and a timestamp. */
export interface Moment {
  /** The rule with the moment in it. */
  readonly rule: FreshnessRule
  /** The clock offset that may be learned, or `null`. */
  readonly learnable: number | null
}

/**
 * Judges, at this very moment, whether a key and its credential are still valid and a timestamp fresh.
 * It does *not* look at revocation, which must look like a wrong MAC from outside; so does a key whose
 * grace has ended.
 *
 * @throws {@link MacError} `ERR_MAC_KEY_RETIRED`, `ERR_MAC_EXPIRED`, `ERR_MAC_TIMESTAMP_STALE`, `ERR_MAC_TIMESTAMP_AHEAD`.
 */
export function judgeMoment(key: KnownKey, timestamp: number, settings: MacSettings): Moment {
  const { windowSeconds, maxClockOffsetSeconds } = settings
  const rule = { now: currentSeconds(settings.now), windowSeconds, maxClockOffsetSeconds }
  judgeEnd(key, rule.now)
  return { rule, learnable: judgeTimestamp(timestamp, key.credential.clockOffset, rule) }
}

/**
 * Judges whether a key and its credential are still valid: also once more when the store has answered,
 * for which a request may have waited.
 *
 * @throws {@link MacError} `ERR_MAC_KEY_RETIRED`, `ERR_MAC_EXPIRED`.
 */
export function judgeEnd({ credential, number, until }: KnownKey, now: number): void {
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
