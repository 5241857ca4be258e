import { randomBytes } from 'node:crypto'
import { MacError } from '../errors.ts'
import { computeMac, macsAreEqual } from '../protocol/algorithm.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import type { RequestOrigin } from '../protocol/origin.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { requestString } from '../protocol/request-string.ts'
import type { CheckSettings, MacSettings } from '../settings.ts'
import type { Store, StoredCredential } from '../store/store.ts'
import { judgeTimestamp } from './freshness.ts'
import { identityOf, type MacIdentity } from './identity.ts'
import type { Pruning } from './pruning.ts'
import { type RawTarget, signedOrigin } from './signed-origin.ts'
import { judgeMoment } from './standing.ts'

/** What a verification came to. */
export type MacVerdict =
  | { readonly ok: true; readonly identity: MacIdentity }
  | { readonly ok: false; readonly error: MacError }

/** What a verification works with. */
export interface Verifier {
  readonly settings: MacSettings
  readonly pruning: Pruning
  store(): Promise<Store>
}

/** Stands in for the credential that an unknown identifier lacks, so that the work is the same. */
const DECOY: Pick<StoredCredential, 'algorithm' | 'key'> = {
  algorithm: 'hmac-sha-256',
  key: randomBytes(32).toString('base64url'),
}

/**
 * Verifies one request, from what was signed to the nonce. Nothing is written before the MAC was
 * found right; the nonce is recorded last, when all else is well. The body is not read.
 */
export async function verify(
  request: Request,
  check: CheckSettings,
  verifier: Verifier,
  rawTarget: RawTarget | null = null,
): Promise<MacVerdict> {
  try {
    return { ok: true, identity: await identify(request, check, verifier, rawTarget) }
  } catch (error) {
    return { ok: false, error: asMacError(error) }
  }
}

async function identify(
  request: Request,
  check: CheckSettings,
  verifier: Verifier,
  rawTarget: RawTarget | null,
): Promise<MacIdentity> {
  const sent = parseAuthorization(authorizationOf(request))
  if (sent === null) throw new MacError('ERR_MAC_MISSING')
  const origin = signedOrigin(request, check, rawTarget)
  const store = await verifier.store()
  const credential = authenticate(sent, origin, await store.credentials.find(sent.id))
  const timestamp = Number(sent.ts)
  let moment = judgeMoment(credential, timestamp, verifier.settings)
  if (check.ext) {
    await judgeExt(sent.ext, request, check.ext)
    // A judge may take its time.
    moment = judgeMoment(credential, timestamp, verifier.settings)
  }
  await recordNonce(store, sent, timestamp)
  const { rule, learnable } = moment
  if (learnable !== null) {
    // Another request may have been first: then its offset counts, and this one is judged by it.
    const learned = await store.credentials.learnClock(credential.id, learnable)
    if (learned !== learnable) judgeTimestamp(timestamp, learned ?? 0, rule)
  }
  await verifier.pruning.step(store.nonces, rule.now)
  return identityOf(credential, sent, timestamp)
}

/** Some adapters read the header fields only now, and throw where one of them is malformed. */
function authorizationOf(request: Request): string | null {
  try {
    return request.headers.get('authorization')
  } catch (cause) {
    const why = 'The header fields of the request cannot be read.'
    throw new MacError('ERR_MAC_HEADER_SYNTAX', why, { cause })
  }
}

/** The credential whose key made the MAC. All ways to fail do the same work, and look the same. */
function authenticate(
  sent: MacAuthorization,
  origin: RequestOrigin,
  found: StoredCredential | null,
): StoredCredential {
  const { algorithm, key } = found ?? DECOY
  const text = requestString({ ...origin, ts: sent.ts, nonce: sent.nonce, ext: sent.ext })
  const right = macsAreEqual(sent.mac, computeMac(algorithm, key, text))
  const shown = JSON.stringify(sent.id)
  if (found === null) {
    throw new MacError('ERR_MAC_UNKNOWN_IDENTIFIER', `There is no credential ${shown}.`)
  }
  if (!right) {
    throw new MacError('ERR_MAC_MISMATCH', `The MAC of credential ${shown} is wrong.`)
  }
  if (found.revoked !== null) {
    throw new MacError('ERR_MAC_REVOKED', `The credential ${shown} was revoked.`)
  }
  return found
}

async function judgeExt(
  ext: string | null,
  request: Request,
  judge: NonNullable<CheckSettings['ext']>,
): Promise<void> {
  let good: boolean
  try {
    good = await judge(ext, request)
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as ext failed.', { cause })
  }
  if (good !== true) throw new MacError('ERR_MAC_EXT')
}

async function recordNonce(store: Store, sent: MacAuthorization, timestamp: number): Promise<void> {
  const verdict = await store.nonces.record(timestamp, sent.id, sent.nonce)
  if (verdict === 'new') return
  if (verdict === 'seen') throw new MacError('ERR_MAC_REPLAY')
  throw new MacError(
    'ERR_MAC_TIMESTAMP_STALE',
    'Nonces of that time are no longer kept, so a replay could not be told: another process on this ' +
      'database keeps them for less time, or the clock of a server was ahead.',
  )
}

function asMacError(error: unknown): MacError {
  if (error instanceof MacError) return error
  return new MacError('ERR_MAC_INTERNAL', 'The verification failed unexpectedly.', { cause: error })
}
