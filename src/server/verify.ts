import { currentSeconds } from '../callback.ts'
import type { VerdictPublisher } from '../diagnostics.ts'
import { MacError } from '../errors.ts'
import type { Limits } from '../limits/limits.ts'
import type { CheckSettings, MacSettings } from '../options.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { Deadline, NonceStore, Recorded, Store } from '../store/types.ts'
import type { TrafficCounters } from '../store/usage/traffic-counters.ts'
import type { AcceptedVerdict, Rejection } from '../types.ts'
import { loadCredential, verifyCached, verifyStored } from './authenticate.ts'
import { type CheckedExt, checkExt } from './body.ts'
import type { Cleanup } from './cleanup.ts'
import type { CredentialCache, CredentialKey } from './credential-cache.ts'
import { identityOf } from './identity.ts'
import type { Incoming } from './incoming.ts'
import type { RecentRejections } from './recent-rejections.ts'
import { signedOrigin } from './request-origin.ts'
import { type AuthenticatedClient, rejectedVerdict } from './response.ts'
import { checkRoute } from './route-check.ts'
import { textsOf } from './signed-texts.ts'
import {
  checkEnd,
  checkTimestamp,
  checkValidity,
  type Validity,
  validityOrNull,
} from './validity.ts'
import { unambiguous } from './verified-target.ts'

/** The parts of a `Mac` that verify requests. */
export interface Verifier {
  readonly settings: MacSettings
  readonly cleanup: Cleanup
  readonly cache: CredentialCache
  readonly limits: Limits
  readonly publisher: VerdictPublisher
  readonly traffic: TrafficCounters
  readonly rejections: RecentRejections
  /** Returns the store; a promise until it is open. */
  store(deadline: Deadline | undefined): Store | Promise<Store>
  /** Returns when a request that arrives now stops waiting for the store; `undefined` if the store needs no limit. */
  deadline(): Deadline | undefined
}

/** A request with MAC credentials, while it is verified. */
interface Attempt {
  readonly sent: MacAuthorization
  /** See {@link textsOf}. */
  readonly signedTexts: readonly string[]
  readonly timestamp: number
  /**
   * The key that verified the MAC. `null` while the credential is read, so that a failure there does not
   * count as authenticated.
   */
  key: CredentialKey | null
  /** Where a rejection is counted for the credential; `null` until the credential has been looked for. */
  countedIn: NonceStore | null
  /** When the request stops waiting for the store. While the body is read, it does not wait for the store. */
  deadline: Deadline | undefined
}

/**
 * Verifies one request, from what was signed to the nonce. Nothing is written before the MAC is verified.
 *
 * The nonce is recorded after everything that a changed request could fail, the body included: such a request
 * must not use up the nonce of the true one. After the nonce come only the limit of the credential, and the
 * clock offset.
 *
 * It is one function: each `await` of another costs more than most of the steps.
 */
export async function verify(
  incoming: Incoming,
  check: CheckSettings,
  verifier: Verifier,
): Promise<AcceptedVerdict | Rejection> {
  const { settings, cache, cleanup, limits } = verifier
  const { request, clientAddress } = incoming
  const deadline = verifier.deadline()
  let attempt: Attempt | null = null
  try {
    // What was signed: route, header, origin.
    checkRoute(incoming)
    const sent = parseAuthorization(authorizationOf(request))
    if (sent === null) throw new MacError('ERR_MAC_MISSING')
    const origin = signedOrigin(incoming, check)
    const target = check.needsClearPath ? unambiguous(origin) : null
    const signedTexts = textsOf(origin, sent, incoming)
    const timestamp = Number(sent.ts)

    // Credential, MAC and validity. A cached key may accept a MAC. If it does not, the store decides.
    let key = verifyCached(sent, signedTexts, cache)
    attempt = { sent, signedTexts, timestamp, key, countedIn: null, deadline }
    if (limits.failures !== null) {
      if (key === null)
        limits.failures.countGuess(clientAddress, cache.has(sent.id) ? sent.id : null)
      else if (!limits.failures.trusts(clientAddress, key)) key = attempt.key = null
    }
    let validity = key === null ? null : validityOrNull(key, timestamp, settings)
    // A look-up is needed. An address that is exhausted gets none.
    if (validity === null) limits.failures?.check(clientAddress)
    const opening = verifier.store(deadline)
    const store = opening instanceof Promise ? await opening : opening
    const { nonces } = store
    attempt.countedIn = nonces
    if (key === null || validity === null) {
      ;[key, validity] = await checkCredential(attempt, verifyStored, store, verifier)
      // Other requests from this address, sent at the same time, may have exhausted it meanwhile.
      limits.failures?.check(clientAddress)
    }

    // The limit of the credential's requests.
    let exhausted = limits.requests.exhausted(key.credential, sent)
    if (exhausted !== null && limits.requests.shouldLookUp(key.credential)) {
      ;[key, validity] = await checkCredential(attempt, loadCredential, store, verifier)
      exhausted = limits.requests.exhausted(key.credential, sent)
    }
    if (exhausted !== null) throw exhausted

    // `ext` and the body. The body of a replay is not read.
    let covered: CheckedExt = { ext: sent.ext, bodyVerified: false }
    const mustCheckExt = check.ext || check.body !== 'ignore'
    if (mustCheckExt && !nonces.isKnown(timestamp, sent.id, sent.nonce)) {
      const begun = attempt.deadline && performance.now()
      try {
        covered = await checkExt(request, sent.ext, check, target)
      } catch (error) {
        // If the credential was revoked meanwhile, that is the reason of the rejection. The timestamp is not
        // checked again: what is wrong with the body stays wrong, however long it took to arrive.
        extendDeadline(attempt, begun)
        await readKey(attempt, loadCredential, store, verifier)
        throw error
      }
      extendDeadline(attempt, begun)
      // The function `ext` may take its time, and so may a body.
      validity = validityOrNull(key, timestamp, settings)
      if (validity === null) {
        ;[key, validity] = await checkCredential(attempt, loadCredential, store, verifier)
      }
    }

    // The nonce.
    const recorded = await nonces.record({
      timestamp,
      credential: sent.id,
      keyNumber: key.number,
      nonce: sent.nonce,
      now: validity.now,
      deadline: attempt.deadline,
    })
    // A replay costs a look-up. An address that is exhausted gets none.
    if (recorded.verdict === 'seen') {
      limits.failures?.check(clientAddress, new MacError('ERR_MAC_REPLAY'))
    }
    // The credentials have changed since this one was read, perhaps this one. A replay has no version.
    if (recorded.version !== key.version) {
      ;[key, validity] = await checkCredential(attempt, loadCredential, store, verifier)
    }
    if (recorded.verdict !== 'new') throw nonceError(recorded, timestamp)
    const limit = limits.requests.limitOf(key.credential)
    const rateLimit = limit && (await limits.requests.count(key.credential, limit, sent))
    checkEnd(key, currentSeconds(settings.now))
    const { now, learnable } = validity
    if (learnable !== null) {
      // Another request may have been first. Then its offset counts, and this one is checked by it.
      const learned = await store.credentials.learnClock(sent.id, learnable, attempt.deadline)
      if (learned === null) {
        // The credential was deleted, perhaps created anew.
        ;[key, validity] = await checkCredential(attempt, loadCredential, store, verifier)
      } else if (learned !== learnable) checkTimestamp(timestamp, learned, now, settings)
    }
    limits.failures?.signed(clientAddress, key)
    cleanup.step(store, now)
    return { ok: true, identity: identityOf(key, sent, timestamp, covered), rateLimit }
  } catch (thrown) {
    const failures = limits.failures
    const reason = failures === null ? thrown : await failures.count(clientAddress, thrown)
    const verdict = rejectedVerdict(reason, authenticatedClient(attempt), settings)
    if (attempt !== null && attempt.countedIn !== null) {
      countFailure(verdict, attempt.sent.id, attempt.countedIn, verifier)
    }
    return verdict
  }
}

/** Extends the deadline by a time in which the request did not wait for the store. */
function extendDeadline(attempt: Attempt, since: number | undefined): void {
  if (attempt.deadline !== undefined && since !== undefined) {
    attempt.deadline += performance.now() - since
  }
}

/**
 * Reads the credential from the store, and checks everything about it: the MAC, whether it is revoked or
 * disabled, and the validity. A new check of the credential belongs into {@link checkValidity}.
 *
 * @param read {@link verifyStored}, or {@link loadCredential} if the MAC was right before.
 */
async function checkCredential(
  attempt: Attempt,
  read: typeof verifyStored,
  store: Store,
  verifier: Verifier,
): Promise<[CredentialKey, Validity]> {
  const key = await readKey(attempt, read, store, verifier)
  return [key, checkValidity(key, attempt.timestamp, verifier.settings)]
}

/** Reads the credential from the store, and checks the MAC, and whether it is revoked or disabled. */
async function readKey(
  attempt: Attempt,
  read: typeof verifyStored,
  { credentials }: Store,
  { cache }: Verifier,
): Promise<CredentialKey> {
  attempt.key = null
  const { sent, signedTexts, deadline } = attempt
  const key = await read(sent, signedTexts, credentials, cache, deadline)
  attempt.key = key
  return key
}

/** Returns who sent a request, if its MAC was verified. */
function authenticatedClient(attempt: Attempt | null): AuthenticatedClient | null {
  if (attempt === null || attempt.key === null) return null
  return { sent: attempt.sent, key: attempt.key }
}

/** Some adapters read the header fields only now, and throw if one of them is malformed. */
function authorizationOf(request: Request): string | null {
  try {
    return request.headers.get('authorization')
  } catch (cause) {
    const why = 'The header fields of the request cannot be read.'
    throw new MacError('ERR_MAC_HEADER_SYNTAX', why, { cause })
  }
}

function nonceError({ verdict, floor, ceiling }: Recorded, timestamp: number): MacError {
  if (verdict === 'seen') return new MacError('ERR_MAC_REPLAY')
  if (verdict === 'ahead') {
    return new MacError(
      'ERR_MAC_TIMESTAMP_AHEAD',
      `The timestamp ${timestamp} is later than ${ceiling} (${dateOf(ceiling)}), the latest that the store of ` +
        'nonces accepts now, by its own clock. Compare the clock of the store with the clocks of the client ' +
        'and of this server.',
    )
  }
  return new MacError(
    'ERR_MAC_TIMESTAMP_STALE',
    `Nonces are known from ${floor} (${dateOf(floor)}) on, so a replay of an earlier timestamp could ` +
      'not be told: another process on this database keeps them for less time, the clock of a server ' +
      'was ahead, there were more nonces than maxNoncesInMemory allows, or the store of nonces may have ' +
      'lost some, for example in a failover.',
  )
}

function dateOf(seconds = 0): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString()
}

/**
 * Counts a failure for the credential that the request named: a 401 after the credential was looked for. If
 * the credential does not exist, the store counts it too, but separately, so that the work is the same.
 * Nothing is written now: see `NonceStore.countFailure`.
 */
export function countFailure(
  { error, id: clientId }: Rejection,
  id: string,
  nonces: NonceStore,
  { settings, traffic }: Pick<Verifier, 'settings' | 'traffic'>,
): void {
  if (error.status !== 401) return
  const { code } = error
  const exists = code !== 'ERR_MAC_UNKNOWN_IDENTIFIER'
  try {
    const now = currentSeconds(settings.now)
    nonces.countFailure(id, now, exists)
    if (clientId === null) traffic.countNamed(id, code, now, exists)
    else traffic.countOf(id, code, now)
  } catch {
    // The application's clock may fail. The request is rejected in any case.
  }
}

/**
 * Counts a request in the traffic. Call it once for each request, with the final verdict. A rejection belongs to
 * a credential if the MAC was right, or if it counts as a failure of the credential: see {@link countFailure},
 * which has counted each 401 for its credential.
 */
export function countVerdict(
  verdict: AcceptedVerdict | Rejection,
  { settings, traffic }: Pick<Verifier, 'settings' | 'traffic'>,
): void {
  try {
    const now = currentSeconds(settings.now)
    const code = verdict.ok ? 'accepted' : verdict.error.code
    traffic.count(code, now)
    if (verdict.ok) traffic.countOf(verdict.identity.id, code, now)
    else if (verdict.id !== null && verdict.error.status !== 401) {
      traffic.countOf(verdict.id, code, now)
    }
  } catch {
    // The application's clock may fail. That changes no verdict.
  }
}
