import { MacError } from '../errors.ts'

/** What the freshness of a timestamp is judged by. */
export interface FreshnessRule {
  /** The server's clock, in whole seconds since 1970. */
  readonly now: number
  readonly windowSeconds: number
  /** The largest clock difference that is learned or applied; 0 where none is. */
  readonly maxClockOffsetSeconds: number
}

/**
 * Judges a timestamp (draft §4.1): it must lie within `windowSeconds` of the server's clock, to
 * either side.
 *
 * With a clock offset allowed, the credential's own is added to the timestamp first; where none is
 * known yet, the difference found now is what may be learned from this request.
 *
 * It does *not* look at the nonce: a fresh timestamp can still be a replay.
 *
 * @param known The offset kept with the credential, or `null`.
 * @returns The offset to learn, or `null` where there is none to learn.
 * @throws {@link MacError} `ERR_MAC_TIMESTAMP_STALE` or `ERR_MAC_TIMESTAMP_AHEAD`.
 */
export function judgeTimestamp(
  timestamp: number,
  known: number | null,
  rule: FreshnessRule,
): number | null {
  const { now, windowSeconds, maxClockOffsetSeconds } = rule
  if (maxClockOffsetSeconds > 0 && known === null) {
    within(timestamp, now, maxClockOffsetSeconds)
    return now - timestamp
  }
  within(timestamp + appliedOffset(known, maxClockOffsetSeconds), now, windowSeconds)
  return null
}

/** What is added to a credential's timestamps, in seconds; 0 where nothing is. */
export function appliedOffset(known: number | null, maxClockOffsetSeconds: number): number {
  // An offset that was learned under a larger bound counts no longer.
  return known !== null && Math.abs(known) <= maxClockOffsetSeconds ? known : 0
}

/** How long a nonce can matter: until no credential may have its timestamp accepted any more. */
export function keepSeconds(rule: Omit<FreshnessRule, 'now'>): number {
  return rule.windowSeconds + rule.maxClockOffsetSeconds
}

function within(timestamp: number, now: number, seconds: number): void {
  const age = now - timestamp
  if (Math.abs(age) <= seconds) return
  throw new MacError(
    age > 0 ? 'ERR_MAC_TIMESTAMP_STALE' : 'ERR_MAC_TIMESTAMP_AHEAD',
    `The timestamp ${timestamp} is ${Math.abs(age)} seconds ${age > 0 ? 'behind' : 'ahead of'} ` +
      `the server's clock; ${seconds} are allowed. Set the clock of the client, or of the server.`,
  )
}
