import { MacError } from '../errors.ts'
import { formatChallenge, type MacChallenge, serverTimeMac } from '../protocol/challenge.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { MacSettings } from '../settings.ts'
import { currentSeconds } from './clock.ts'
import type { CredentialKey } from './credential-cache.ts'
import { appliedOffset } from './freshness.ts'

/** A caller whose MAC was right. */
export interface RightCaller {
  readonly sent: MacAuthorization
  /** Which made the MAC. */
  readonly key: CredentialKey
}

/**
 * The challenge that goes with an error (draft §4.2); `null` if its status is neither 401, nor 429 for
 * a replay: who is only told to wait would take the first copy for rejected as well.
 *
 * @param caller Given where the MAC was right: where the timestamp was not, the caller is then told
 *   what time it is, with a MAC over that. Nobody else is: it would be a MAC by a key that they may
 *   not have.
 */
export function challengeOf(
  error: MacError,
  caller: RightCaller | null,
  settings: MacSettings,
): string | null {
  if (isLimitedReplay(error)) {
    return formatChallenge({ error: error.cause.told.text, ts: null, tsm: null })
  }
  if (error.status !== 401) return null
  const { code, text } = error.told
  if (code === 'ERR_MAC_MISSING') return 'MAC'
  const outOfTime = code === 'ERR_MAC_TIMESTAMP_STALE' || code === 'ERR_MAC_TIMESTAMP_AHEAD'
  const time = outOfTime && caller !== null ? tellTime(caller, settings) : null
  return formatChallenge({ error: text, ts: time?.ts ?? null, tsm: time?.tsm ?? null })
}

function isLimitedReplay(error: MacError): error is MacError & { readonly cause: MacError } {
  if (error.status !== 429 || !(error.cause instanceof MacError)) return false
  return error.cause.code === 'ERR_MAC_REPLAY'
}

/**
 * The time by the server's clock, less the clock offset that was learned of the credential: what the
 * client's clock should show for its timestamps to be taken. `null` where the clock fails.
 */
function tellTime(
  { sent, key: { algorithm, text, credential } }: RightCaller,
  settings: MacSettings,
): Pick<MacChallenge, 'ts' | 'tsm'> | null {
  try {
    const offset = appliedOffset(credential.clockOffset, settings.maxClockOffsetSeconds)
    const seconds = currentSeconds(settings.now) - offset
    if (seconds <= 0) return null
    const ts = String(seconds)
    return { ts, tsm: serverTimeMac(algorithm, text, { ...sent, serverTs: ts }) }
  } catch {
    return null
  }
}
