import { currentSeconds } from '../callback.ts'
import { before } from '../deadline.ts'
import { MacError } from '../errors.ts'
import type { Count, FixedWindowCounter } from '../limits/counter.ts'
import { rateLimitFields, secondsUntil } from '../limits/headers.ts'
import type { Mac } from '../mac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { isScopeList } from '../protocol/text.ts'
import type { RateLimit } from '../types.ts'
import { type MacToken, TokenRefusal } from './answer.ts'
import { readClient, type TokenClient } from './client.ts'
import type { AlgorithmClient, IssuedCredential, TokenEndpointSettings } from './options.ts'
import { invalidClient, type SentClient, type TokenForm } from './request.ts'

/** With what credentials are made. */
export interface Issuer {
  readonly mac: Mac
  readonly settings: TokenEndpointSettings
  /** The `Mac`'s clock, in seconds since 1970. */
  readonly now: () => number
  readonly limit: IssueLimit
  /** How long a function of the application's may take, in milliseconds. */
  readonly deadline: number
}

/** What came of a request. */
export interface Issued {
  readonly token: MacToken
  /** The same without its key. */
  readonly told: IssuedCredential
}

/**
 * Makes a credential for a client that proves who it is.
 *
 * @throws {@link TokenRefusal} where it gets none; {@link MacError} `ERR_MAC_CALLBACK` where a function
 *   that was given as an option fails, and as `createCredential` does.
 */
export async function issue(
  sent: SentClient,
  form: TokenForm,
  request: Request,
  { mac, settings, now, limit, deadline }: Issuer,
): Promise<Issued> {
  const { clientId } = sent
  const asking = { ...settings, deadline }
  const client = await authenticate(asking, sent, request)
  if (client === null) throw invalidClient('there is no such client with this secret')
  const scopes = grantedScopes(form.get('scope'), client)
  const { user, label = clientId, rateLimit = null } = client
  const algorithm = await algorithmFor(asking, { clientId, user, scopes })
  await limit(clientId)
  const { expiresSeconds = settings.expiresSeconds } = client
  const expires = currentSeconds(now) + expiresSeconds
  const { id, key } = await mac.createCredential(user, {
    ...{ algorithm, expires, label, scopes, rateLimit },
    removeWhenExpired: true,
  })
  return {
    token: { id, key, algorithm, expiresSeconds, scopes },
    told: { clientId, user, id, algorithm, scopes, expires: new Date(expires * 1000) },
  }
}

type Asking = TokenEndpointSettings & Pick<Issuer, 'deadline'>

async function authenticate(
  { authenticateClient, deadline }: Asking,
  sent: SentClient,
  request: Request,
): Promise<(TokenClient & { readonly user: string }) | null> {
  return ask('authenticateClient', deadline, async () =>
    readClient(await authenticateClient({ ...sent, request })),
  )
}

async function algorithmFor(
  { algorithm, deadline }: Asking,
  client: AlgorithmClient,
): Promise<MacAlgorithm> {
  if (typeof algorithm !== 'function') return algorithm
  return ask('algorithm', deadline, async () => {
    const chosen = await algorithm(client)
    if (MAC_ALGORITHMS.includes(chosen)) return chosen
    throw new TypeError(`it must give ${MAC_ALGORITHMS.join(' or ')}`)
  })
}

/**
 * Calls a function of the application's. A refusal is no failure. One that never answers would keep the
 * turn of its address for ever; what it says after the deadline counts no more.
 */
async function ask<Value>(
  name: string,
  deadline: number,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await before(deadline, work(), () => late(deadline))
  } catch (cause) {
    if (cause instanceof TokenRefusal) throw cause
    throw new MacError('ERR_MAC_CALLBACK', `The function given as ${name} failed.`, { cause })
  }
}

function late(deadline: number): Error {
  return new Error(`it did not answer within ${deadline / 1000} seconds`)
}

/**
 * The scopes of the credential: those that the client asks for, as far as it may; what it gets by
 * default where it asks for none.
 *
 * @throws {@link TokenRefusal} `invalid_scope`
 */
function grantedScopes(asked: string | undefined, client: TokenClient): readonly string[] {
  const { scopes: allowed = [], scopesByDefault = allowed } = client
  if (asked === undefined) return scopesByDefault
  if (!isScopeList(asked)) {
    throw new TokenRefusal('invalid_scope', 'The scope is no list of scopes with a space between.')
  }
  const scopes = [...new Set(asked.split(' '))]
  const refused = scopes.find((scope) => !allowed.includes(scope))
  if (refused === undefined) return scopes
  const shown = refused.slice(0, 100)
  throw new TokenRefusal('invalid_scope', `The client may not ask for the scope ${shown}.`)
}

/** Counts a credential that a client is to get. */
type IssueLimit = (clientId: string) => Promise<void>

/**
 * Limits how many credentials a client gets, so that one that asks before each request does not fill
 * the table.
 *
 * What it gives throws {@link TokenRefusal} with 429 where there were too many.
 *
 * @param counter That of all token endpoints of the `Mac`.
 */
export function issueLimit(limit: RateLimit | null, counter: FixedWindowCounter): IssueLimit {
  if (limit === null) return async () => {}
  return async (clientId) => {
    const exhausted = counter.exhausted(clientId, limit)
    if (exhausted !== null) throw tooMany(limit, exhausted)
    const count = await counter.count(clientId, limit)
    if (count.used > limit.requests) throw tooMany(limit, count)
  }
}

function tooMany(limit: RateLimit, count: Count): TokenRefusal {
  const { requests, seconds } = limit
  const wait = Math.max(1, secondsUntil(count.resetAt))
  const headers = {
    ...rateLimitFields('credentials', limit, count, wait),
    'Retry-After': String(wait),
  }
  const why = `The client gets ${requests} credentials in ${seconds} seconds: use each until it expires.`
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
