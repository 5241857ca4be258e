import { MacError } from '../errors.ts'
import type { Mac } from '../mac.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/algorithm.ts'
import { currentSeconds } from '../server/clock.ts'
import { before } from '../store/deadline.ts'
import type { MacToken } from './answer.ts'
import { readClient, type TokenClient } from './client.ts'
import type { TokenForm } from './form.ts'
import type { IssueLimit } from './issue-limit.ts'
import type { AlgorithmClient, IssuedCredential } from './options.ts'
import { TokenRefusal } from './refusal.ts'
import { grantedScopes } from './scope.ts'
import { invalidClient, type SentClient } from './sent-client.ts'
import type { TokenEndpointSettings } from './settings.ts'

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
