import { currentSeconds } from '../callback.ts'
import { MacError } from '../errors.ts'
import type { Client } from '../limits/client-address.ts'
import type { Limits } from '../limits/limits.ts'
import type { CheckSettings, MacSettings } from '../options.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { joinCovered } from '../protocol/signature.ts'
import type { CredentialStore, NonceStore, Recorded, Store } from '../store/types.ts'
import type { MacVerdict } from '../types.ts'
import {
  authenticate,
  authenticateAgain,
  type CredentialCache,
  type CredentialKey,
  verifyCached,
} from './authenticate.ts'
import { checkExt } from './body.ts'
import type { Cleanup } from './cleanup.ts'
import { identityOf } from './identity.ts'
import { type ReceivedTarget, signedOrigin } from './request-origin.ts'
import { type AuthenticatedClient, rejectedVerdict } from './response.ts'
import { checkRouted, type RouteCheck } from './routed.ts'
import { checkEnd, checkTimestamp, checkValidity, validityOrNull } from './validity.ts'
import { unambiguous } from './verified-target.ts'

/** What a verification needs besides the request. */
export interface Verifier {
  readonly settings: MacSettings
  readonly cleanup: Cleanup
  readonly cache: CredentialCache
  readonly limits: Limits
  /** Returns the store; a promise until it is open. */
  store(): Store | Promise<Store>
}

/** A request with MAC credentials, while they are verified. */
interface Attempt {
  readonly sent: MacAuthorization
  /** The normalized request string. */
  readonly text: string
  /**
   * The key that verified the MAC. `null` while the credential is read, so that a failure there does not
   * count as authenticated.
   */
  key: CredentialKey | null
  /** Set before the credential is read: from then on a rejection is counted for it. */
  nonces: NonceStore | null
}

/**
 * Verifies one request, from what was signed to the nonce. Nothing is written before the MAC is verified.
 * The nonce is recorded last, so that a body that was changed on its way does not use up the nonce of the
 * true request.
 *
 * It is one function: each `await` of another costs more than most of the steps.
 *
 * @param route Checks that the request is for the handler that runs; `null` if there are no routes.
 */
export async function verify(
  request: Request,
  check: CheckSettings,
  verifier: Verifier,
  receivedTarget: ReceivedTarget | null = null,
  client: Client | null = null,
  route: RouteCheck | null = null,
): Promise<MacVerdict> {
  const { settings, cache, cleanup, limits } = verifier
  let attempt: Attempt | null = null
  try {
    // Authorization and origin: what was signed.
    checkRouted(request, receivedTarget, route)
    const sent = parseAuthorization(authorizationOf(request))
    if (sent === null) throw new MacError('ERR_MAC_MISSING')
    const origin = signedOrigin(request, check, receivedTarget)
    const target = check.readsTarget ? unambiguous(origin) : null
    const text = joinCovered(origin, sent)
    const timestamp = Number(sent.ts)

    // Credential, MAC and validity. The cache may accept a request, but never rejects one: before that,
    // the store is asked.
    let key = verifyCached(sent, text, cache)
    attempt = { sent, text, key, nonces: null }
    if (limits.failures !== null) {
      if (key === null) limits.failures.countGuess(client, cache.has(sent.id) ? sent.id : null)
      else if (!limits.failures.trusts(client, key)) key = attempt.key = null
    }
    let validity = key === null ? null : validityOrNull(key, timestamp, settings)
    if (validity === null) limits.failures?.check(client)
    const opening = verifier.store()
    const store = opening instanceof Promise ? await opening : opening
    const { nonces, credentials } = store
    attempt.nonces = nonces
    if (key === null || validity === null) {
      key = await readKey(attempt, authenticate, credentials, cache)
      // Of many that were sent at once, those before this one may have exhausted the address.
      limits.failures?.check(client)
      validity = checkValidity(key, timestamp, settings)
    }

    // The limit of the credential's requests.
    let exhausted = limits.requests.exhausted(key.credential, sent)
    if (exhausted !== null && limits.requests.shouldLookUp(key.credential)) {
      key = await readKey(attempt, authenticateAgain, credentials, cache)
      validity = checkValidity(key, timestamp, settings)
      exhausted = limits.requests.exhausted(key.credential, sent)
    }
    if (exhausted !== null) throw exhausted

    // `ext` and the body. Nothing is read of the body of a replay.
    let { ext } = sent
    let bodyVerified = false
    const looksInside = check.ext || check.body !== 'ignore'
    if (looksInside && !nonces.isKnown(timestamp, sent.id, sent.nonce)) {
      const checked = await checkExt(request, ext, check, target)
      if (checked instanceof MacError) {
        await readKey(attempt, authenticateAgain, credentials, cache)
        throw checked
      }
      ;({ ext, bodyVerified } = checked)
      // The function `ext` may take its time, and so may a body.
      validity = validityOrNull(key, timestamp, settings)
      if (validity === null) {
        key = await readKey(attempt, authenticateAgain, credentials, cache)
        validity = checkValidity(key, timestamp, settings)
      }
    }

    // The nonce.
    const recorded = await nonces.record({
      timestamp,
      credential: sent.id,
      keyNumber: key.number,
      nonce: sent.nonce,
      now: validity.rule.now,
    })
    // A replay costs a look-up, but not from an address that is exhausted.
    if (recorded.verdict === 'seen') limits.failures?.check(client, new MacError('ERR_MAC_REPLAY'))
    if (recorded.version !== key.version) {
      // Some credential was changed since this one was read: perhaps it was this.
      key = await readKey(attempt, authenticateAgain, credentials, cache)
      validity = checkValidity(key, timestamp, settings)
    }
    if (recorded.verdict !== 'new') throw nonceError(recorded)
    const limit = limits.requests.limitOf(key.credential)
    const rateLimit = limit && (await limits.requests.count(key.credential, limit, sent))
    checkEnd(key, currentSeconds(settings.now))
    const { rule, learnable } = validity
    if (learnable !== null) {
      // Another request may have been first: then its offset counts, and this one is judged by it.
      const learned = await credentials.learnClock(sent.id, learnable)
      if (learned !== learnable) checkTimestamp(timestamp, learned ?? 0, rule)
    }
    limits.failures?.signed(client, key)
    cleanup.step(store, rule.now)
    return { ok: true, identity: identityOf(key, sent, timestamp, ext, bodyVerified), rateLimit }
  } catch (thrown) {
    const reason = limits.failures === null ? thrown : await limits.failures.count(client, thrown)
    const verdict = rejectedVerdict(reason, clientOf(attempt), settings)
    if (attempt !== null && attempt.nonces !== null) {
      countFailure(verdict.error, attempt.sent.id, attempt.nonces, settings)
    }
    return verdict
  }
}

/** Reads the credential from the store, and verifies the MAC with that. */
async function readKey(
  attempt: Attempt,
  read: typeof authenticate,
  credentials: CredentialStore,
  cache: CredentialCache,
): Promise<CredentialKey> {
  attempt.key = null
  const key = await read(attempt.sent, attempt.text, credentials, cache)
  attempt.key = key
  return key
}

/** Returns who sent a request, if its MAC was verified. */
function clientOf(attempt: Attempt | null): AuthenticatedClient | null {
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

function nonceError({ verdict, floor }: Recorded): MacError {
  if (verdict === 'seen') return new MacError('ERR_MAC_REPLAY')
  return new MacError(
    'ERR_MAC_TIMESTAMP_STALE',
    `Nonces are known from ${floor} (${dateOf(floor)}) on, so a replay of an earlier timestamp could ` +
      'not be told: another process on this database keeps them for less time, the clock of a server ' +
      'was ahead, or there were more nonces than maxNoncesInMemory allows.',
  )
}

function dateOf(seconds = 0): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString()
}

/**
 * Counts a rejection for the credential that the request named, once it was looked up: a 401 for any reason
 * but that the credential does not exist. That is counted as well, apart, so that it is as much work. Errors
 * that are not the fault of the credentials do not count. Nothing is written now: see `NonceStore.failed`.
 */
export function countFailure(
  error: MacError,
  id: string,
  nonces: NonceStore,
  settings: MacSettings,
): void {
  if (error.status !== 401) return
  const exists = error.code !== 'ERR_MAC_UNKNOWN_IDENTIFIER'
  try {
    nonces.failed(id, currentSeconds(settings.now), exists)
  } catch {
    // The application's clock may fail. The request is rejected in any case.
  }
}
