import { computeMac, type MacAlgorithm, macsAreEqual } from './algorithm.ts'
import type { MacChallenge } from './challenge.ts'
import { isTimestamp, type MacAuthorization } from './parameters.ts'

/** A server's time, told in answer to one request. */
export interface ServerTime {
  /** The MAC key identifier of the request that is answered. */
  readonly id: string
  /** Its nonce. */
  readonly nonce: string
  /** Its timestamp, as it was sent. */
  readonly ts: string
  /** The server's clock, in whole seconds since 1970. */
  readonly serverTs: string
}

/**
 * What the MAC over a server's time covers: the name of this use, then the identifier, the nonce and
 * the timestamp of the request that is answered, then the server's time, each followed by one line
 * feed.
 *
 * It can never be taken for the normalized string of a request, which starts with a digit. The nonce
 * ties it to one request: an old answer says nothing about another. The draft knows of no such thing;
 * its grammar of a challenge (draft §4.2) leaves room for it.
 */
export function serverTimeString({ id, nonce, ts, serverTs }: ServerTime): string {
  return `withmac-server-time-1\n${id}\n${nonce}\n${ts}\n${serverTs}\n`
}

/** The MAC over a server's time, in base64, with the key of the credential that signed the request. */
export function serverTimeMac(algorithm: MacAlgorithm, key: string, time: ServerTime): string {
  return computeMac(algorithm, key, serverTimeString(time))
}

/**
 * The server's time in the challenge that answers a request.
 *
 * It does *not* look at how far off the time is: that a server tells it honestly is all that the MAC
 * says.
 *
 * @param sent What was sent in the request that is answered.
 * @returns Seconds since 1970, or `null` where the challenge tells no time, or where its MAC was not
 *   made with this key for this request: then it may come from anybody.
 */
export function serverTimeOf(
  { ts: serverTs, tsm }: Pick<MacChallenge, 'ts' | 'tsm'>,
  { algorithm, key }: { readonly algorithm: MacAlgorithm; readonly key: string },
  { id, nonce, ts }: Pick<MacAuthorization, 'id' | 'nonce' | 'ts'>,
): number | null {
  if (serverTs === null || tsm === null || !isTimestamp(serverTs)) return null
  const expected = serverTimeMac(algorithm, key, { id, nonce, ts, serverTs })
  return macsAreEqual(tsm, expected) ? Number(serverTs) : null
}
