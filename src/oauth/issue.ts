import { callAsync, currentSeconds } from '../callback.ts'
import type { Count, FixedWindowCounter } from '../limits/counter.ts'
import { rateLimitFields, secondsUntil } from '../limits/headers.ts'
import type { Mac } from '../mac.ts'
import { isScopeList } from '../protocol/characters.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import type { RateLimit } from '../types.ts'
import { type MacToken, TokenRefusal } from './answer.ts'
import { type CheckedClient, readClient, type TokenClient } from './client.ts'
import type { AlgorithmClient, IssuedCredential, TokenEndpointSettings } from './options.ts'
import { invalidClient, type SentClient, type TokenForm } from './request.ts'

/** What is needed to issue credentials. */
export interface Issuer {
  readonly mac: Mac
  readonly settings: TokenEndpointSettings
  /** The `Mac`'s clock, in seconds since 1970. */
  readonly now: () => number
  readonly limit: IssueLimit
  /** How many milliseconds a function of the application may take. */
  readonly deadline: number
}

/** An issued credential. */
export interface Issued {
  readonly token: MacToken
  /** The credential without its key, for `onIssue`. */
  readonly issued: IssuedCredential
}

/**
 * Authenticates a client, and issues a credential for it.
 *
 * @throws {@link TokenRefusal} if the client gets none. {@link MacError} `ERR_MAC_CALLBACK` if a function
 *   of the options fails. It also throws what `createCredential` throws.
 */
export async function issue(
  sent: SentClient,
  form: TokenForm,
  request: Request,
  { mac, settings, now, limit, deadline }: Issuer,
): Promise<Issued> {
  const { clientId } = sent
  const callbacks = { ...settings, deadline }
  const client = await authenticate(callbacks, sent, request)
  if (client === null) throw invalidClient('there is no such client with this secret')
  const scopes = grantedScopes(form.get('scope'), client)
  const { user, label = clientId, rateLimit = null } = client
  const algorithm = await algorithmFor(callbacks, { clientId, user, scopes })
  await limit(clientId)
  const { expiresSeconds = settings.expiresSeconds } = client
  const expires = currentSeconds(now) + expiresSeconds
  const { id, key } = await mac.createCredential(user, {
    ...{ algorithm, expires, label, scopes, rateLimit },
    removeWhenExpired: true,
  })
  return {
    token: { id, key, algorithm, expiresSeconds, scopes },
    issued: { clientId, user, id, algorithm, scopes, expires: new Date(expires * 1000) },
  }
}

type Callbacks = TokenEndpointSettings & Pick<Issuer, 'deadline'>

async function authenticate(
  { authenticateClient, deadline }: Callbacks,
  sent: SentClient,
  request: Request,
): Promise<CheckedClient | null> {
  const ask = () => authenticateClient({ ...sent, request })
  const client = await callAsync('authenticateClient', ask, readClient, deadline)
  if (client === null || !('error' in client)) return client
  throw new TokenRefusal(client.error, client.description)
}

async function algorithmFor(
  { algorithm, deadline }: Callbacks,
  client: AlgorithmClient,
): Promise<MacAlgorithm> {
  if (typeof algorithm !== 'function') return algorithm
  return callAsync('algorithm', () => algorithm(client), readAlgorithm, deadline)
}

function readAlgorithm(chosen: unknown): MacAlgorithm {
  const algorithm = MAC_ALGORITHMS.find((each) => each === chosen)
  if (algorithm !== undefined) return algorithm
  throw new TypeError(`it must return ${MAC_ALGORITHMS.join(' or ')}`)
}

/**
 * Returns the scopes of the credential: the requested ones, or the default ones if none are requested.
 *
 * @throws {@link TokenRefusal} `invalid_scope` if one of them is not allowed.
 */
function grantedScopes(requested: string | undefined, client: TokenClient): readonly string[] {
  const { scopes: allowed = [], scopesByDefault = allowed } = client
  if (requested === undefined) return scopesByDefault
  if (!isScopeList(requested)) {
    throw new TokenRefusal(
      'invalid_scope',
      'The scope is not a list of scopes with one space between two of them.',
    )
  }
  const scopes = [...new Set(requested.split(' '))]
  const forbidden = scopes.find((scope) => !allowed.includes(scope))
  if (forbidden === undefined) return scopes
  const shown = forbidden.slice(0, 100)
  throw new TokenRefusal('invalid_scope', `The client may not ask for the scope ${shown}.`)
}

/** Counts a credential before it is issued. Throws a {@link TokenRefusal} with 429 if there were too many. */
type IssueLimit = (clientId: string) => Promise<void>

/**
 * Returns a function that limits how many credentials a client gets. Otherwise a client that asks before
 * each request would fill the table.
 *
 * @param counter The counter of all token endpoints of the `Mac`.
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
  const why = `The client gets at most ${requests} credentials in ${seconds} seconds. Use each until it expires.`
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
