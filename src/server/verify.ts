import { MacError } from '../errors.ts'
import type { Client } from '../limits/client-address.ts'
import type { Limits } from '../limits/limits.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { joinCovered } from '../protocol/signature.ts'
import type { CheckSettings, MacSettings } from '../settings.ts'
import type { NonceStore, Recorded, Store } from '../store/types.ts'
import { authenticate, authenticateAgain, verifyCached } from './authenticate.ts'
import { currentSeconds } from './clock.ts'
import type { CredentialCache, CredentialKey } from './credential-cache.ts'
import { judgeExt } from './ext.ts'
import { countFailure } from './failures.ts'
import { judgeTimestamp } from './freshness.ts'
import { identityOf } from './identity.ts'
import type { Pruning } from './pruning.ts'
import type { RawTarget } from './raw-target.ts'
import { checkRouted, type RouteCheck } from './routed.ts'
import { signedOrigin } from './signed-origin.ts'
import { checkEnd, checkValidity, validityOrNull } from './validity.ts'
import { type MacVerdict, refused } from './verdict.ts'
import { unambiguous } from './verified-target.ts'

/** What a verification works with. */
export interface Verifier {
  readonly settings: MacSettings
  readonly pruning: Pruning
  readonly cache: CredentialCache
  readonly limits: Limits
  /** The store; a promise until it is open. */
  store(): Store | Promise<Store>
}

/**
 * Verifies one request, from what was signed to the nonce. Nothing is written before the MAC was
 * found right; the nonce is recorded last, when all else is well: a body that was changed on its way
 * does not use up the nonce of the true request.
 *
 * All in one function: each `await` of another costs more than most of the steps.
 *
 * @param route Whether the request is one for the handler that runs; `null` knows of no route.
 */
export async function verify(
  request: Request,
  check: CheckSettings,
  verifier: Verifier,
  rawTarget: RawTarget | null = null,
  client: Client | null = null,
  route: RouteCheck | null = null,
): Promise<MacVerdict> {
  const { settings, cache, pruning, limits } = verifier
  let sent: MacAuthorization | null = null
  /** Set while the MAC is known to be right: not where the credential is looked up once more, and gone. */
  let found: CredentialKey | null = null
  /** Set when the credential is looked for. */
  let nonces: NonceStore | null = null
  try {
    checkRouted(request, rawTarget, route)
    sent = parseAuthorization(authorizationOf(request))
    if (sent === null) throw new MacError('ERR_MAC_MISSING')
    const origin = signedOrigin(request, check, rawTarget)
    const target = check.readsTarget ? unambiguous(origin) : null
    const text = joinCovered(origin, sent)
    const timestamp = Number(sent.ts)

    // What is remembered lets in, but refuses nobody: before that, the store is asked.
    found = verifyCached(sent, text, cache)
    if (limits.failures !== null) {
      if (found === null) limits.failures.countGuess(client, cache.has(sent.id) ? sent.id : null)
      else if (!limits.failures.trusts(client, found)) found = null
    }
    let validity = found === null ? null : validityOrNull(found, timestamp, settings)
    if (validity === null) limits.failures?.check(client)
    const opening = verifier.store()
    const store = opening instanceof Promise ? await opening : opening
    ;({ nonces } = store)
    if (found === null || validity === null) {
      found = null
      found = await authenticate(sent, text, store.credentials, cache)
      // Of many that were sent at once, those before this one may have exhausted the address.
      limits.failures?.check(client)
      validity = checkValidity(found, timestamp, settings)
    }
    let exhausted = limits.requests.exhausted(found.credential, sent)
    if (exhausted !== null && limits.requests.shouldLookUp(found.credential)) {
      found = null
      found = await authenticateAgain(sent, text, store.credentials, cache)
      validity = checkValidity(found, timestamp, settings)
      exhausted = limits.requests.exhausted(found.credential, sent)
    }
    if (exhausted !== null) throw exhausted
    let { ext } = sent
    let bodyVerified = false
    // Nothing is read of the body of a replay.
    const looksInside = check.ext || check.body !== 'ignore'
    if (looksInside && !nonces.isKnown(timestamp, sent.id, sent.nonce)) {
      const judged = await judgeExt(request, ext, check, target)
      if (judged instanceof MacError) {
        found = null
        found = await authenticateAgain(sent, text, store.credentials, cache)
        throw judged
      }
      ;({ ext, bodyVerified } = judged)
      // A judge may take its time, and so may a body.
      validity = validityOrNull(found, timestamp, settings)
      if (validity === null) {
        found = null
        found = await authenticateAgain(sent, text, store.credentials, cache)
        validity = checkValidity(found, timestamp, settings)
      }
    }
    const recorded = await nonces.record({
      timestamp,
      credential: sent.id,
      keyNumber: found.number,
      nonce: sent.nonce,
      now: validity.rule.now,
    })
    // A replay costs a look-up, but not from an address that is exhausted.
    if (recorded.verdict === 'seen') limits.failures?.check(client, new MacError('ERR_MAC_REPLAY'))
    if (recorded.version !== found.version) {
      // Some credential was changed since this one was looked up: perhaps it was this.
      found = null
      found = await authenticateAgain(sent, text, store.credentials, cache)
      validity = checkValidity(found, timestamp, settings)
    }
    if (recorded.verdict !== 'new') throw refusedNonce(recorded)
    const limit = limits.requests.limitOf(found.credential)
    const rateLimit = limit && (await limits.requests.count(found.credential, limit, sent))
    checkEnd(found, currentSeconds(settings.now))
    const { rule, learnable } = validity
    if (learnable !== null) {
      // Another request may have been first: then its offset counts, and this one is judged by it.
      const learned = await store.credentials.learnClock(sent.id, learnable)
      if (learned !== learnable) judgeTimestamp(timestamp, learned ?? 0, rule)
    }
    limits.failures?.signed(client, found)
    pruning.step(store, rule.now)
    return { ok: true, identity: identityOf(found, sent, timestamp, ext, bodyVerified), rateLimit }
  } catch (thrown) {
    const caller = found === null || sent === null ? null : { sent, key: found }
    const reason = limits.failures === null ? thrown : await limits.failures.count(client, thrown)
    const verdict = refused(reason, caller, settings)
    if (nonces !== null && sent !== null) countFailure(verdict.error, sent.id, nonces, settings)
    return verdict
  }
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

function refusedNonce({ verdict, floor }: Recorded): MacError {
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
