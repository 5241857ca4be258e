import { MacError } from '../errors.ts'
import { parseAuthorization } from '../protocol/authorization.ts'
import { requestString } from '../protocol/request-string.ts'
import type { CheckSettings, MacSettings } from '../settings.ts'
import type { NonceVerdict, Store } from '../store/store.ts'
import { authenticate, recognise } from './authenticate.ts'
import { judgeTimestamp } from './freshness.ts'
import { identityOf, type MacIdentity } from './identity.ts'
import type { KnownCredential, KnownCredentials } from './known-credentials.ts'
import type { Pruning } from './pruning.ts'
import { type RawTarget, signedOrigin } from './signed-origin.ts'
import { judgeMoment, type Moment } from './standing.ts'

/** What a verification came to. */
export type MacVerdict =
  | { readonly ok: true; readonly identity: MacIdentity }
  | { readonly ok: false; readonly error: MacError }

/** What a verification works with. */
export interface Verifier {
  readonly settings: MacSettings
  readonly pruning: Pruning
  readonly known: KnownCredentials
  /** The store; a promise until it is open. */
  store(): Store | Promise<Store>
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
  const text = requestString({ ...origin, ts: sent.ts, nonce: sent.nonce, ext: sent.ext })
  const opening = verifier.store()
  const store = opening instanceof Promise ? await opening : opening
  const { settings, known, pruning } = verifier
  const timestamp = Number(sent.ts)
  const lookUp = () => authenticate(sent, text, store.credentials, known)
  const judge = ({ credential }: KnownCredential) => judgeMoment(credential, timestamp, settings)

  const remembered = recognise(sent, text, known)
  // What is remembered lets in, but refuses nobody: before that, the store is asked.
  let moment = remembered === null ? null : attempt(() => judge(remembered))
  let found = remembered !== null && moment !== null ? remembered : await lookUp()
  moment ??= judge(found)
  if (check.ext) {
    const good = await judgeExt(sent.ext, request, check.ext)
    if (!good) {
      await lookUp()
      throw new MacError('ERR_MAC_EXT')
    }
    // A judge may take its time.
    moment = judge(found)
  }
  const { rule, learnable } = moment
  const nonce = { timestamp, credential: sent.id, nonce: sent.nonce, now: rule.now }
  const { verdict, version } = await store.nonces.record(nonce)
  if (version !== found.version) {
    // Some credential was changed since this one was looked up: perhaps it was this.
    found = await lookUp()
    judge(found)
  }
  if (verdict !== 'new') throw refusedNonce(verdict)
  if (learnable !== null) {
    // Another request may have been first: then its offset counts, and this one is judged by it.
    const learned = await store.credentials.learnClock(sent.id, learnable)
    if (learned !== learnable) judgeTimestamp(timestamp, learned ?? 0, rule)
  }
  pruning.step(store.nonces, rule.now)
  return identityOf(found.credential, sent, timestamp)
}

function attempt(judge: () => Moment): Moment | null {
  try {
    return judge()
  } catch {
    return null
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

async function judgeExt(
  ext: string | null,
  request: Request,
  judge: NonNullable<CheckSettings['ext']>,
): Promise<boolean> {
  try {
    return (await judge(ext, request)) === true
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as ext failed.', { cause })
  }
}

function refusedNonce(verdict: Exclude<NonceVerdict, 'new'>): MacError {
  if (verdict === 'seen') return new MacError('ERR_MAC_REPLAY')
  return new MacError(
    'ERR_MAC_TIMESTAMP_STALE',
    'Nonces of that time are no longer kept, so a replay could not be told: another process on this ' +
      'database keeps them for less time, the clock of a server was ahead, or the machine lost power.',
  )
}

function asMacError(error: unknown): MacError {
  if (error instanceof MacError) return error
  return new MacError('ERR_MAC_INTERNAL', 'The verification failed unexpectedly.', { cause: error })
}
