import { callHook, errorPrinter } from '../callback.ts'
import { partsOf } from '../create-mac.ts'
import { asMacError, MacError } from '../errors.ts'
import { type ClientAddress, clientAddressOf } from '../limits/client-address.ts'
import { type FailureLimit, PendingError } from '../limits/failures.ts'
import { LimitError } from '../limits/headers.ts'
import type { Mac } from '../mac.ts'
import { type FirstArgument, requestOrResponse } from '../server/request-of.ts'
import { orRefused, refusalAnswer, TokenRefusal, tokenAnswer } from './answer.ts'
import { type Issued, type Issuer, issue, issueLimit } from './issue.ts'
import { type TokenEndpointOptions, tokenEndpointSettings } from './options.ts'
import { checkQuery, checkTransport, readForm, sentClient } from './request.ts'

/** A handler that takes a `Request`, or an object with a property `request`. */
export type TokenEndpoint = (first: FirstArgument, ...rest: unknown[]) => Promise<Response>

/** How many milliseconds `authenticateClient` and `algorithm` may take. */
const CALLBACK_DEADLINE = 30_000

/**
 * Returns a token endpoint: a handler that gives a client a MAC credential for its secret (draft §5, with
 * the client credentials grant of RFC 6749 §4.4). To renew its credential, a client asks again. The old
 * one stays valid until it expires, and is removed a day later.
 *
 * It checks that the request uses TLS or comes from this machine; that it is a POST of a form of at most
 * 16 KiB without repeated parameters; that `authenticateClient` accepts the client; and that the client
 * may have the scopes. It limits how often an attacker can guess secrets only if the `Mac` has the option
 * `rateLimit.failures`. Otherwise it does *not*, and secrets must be too long to guess.
 *
 * @param mac The object that `createMac` returned. It verifies requests with the new credentials.
 * @throws TypeError if an option is wrong. The handler throws only if it is called without a
 *   `Request`. Every request gets a response.
 *
 * @example
 * const clients = new Map([['shop', { secret: process.env.SHOP_SECRET, user: 'ada' }]])
 * const token = createTokenEndpoint(mac, {
 *   authenticateClient({ clientId, clientSecret }) {
 *     const client = clients.get(clientId)
 *     const equal = secretsAreEqual(clientSecret, client?.secret) // also if the client is unknown
 *     return equal && client ? { user: client.user, scopes: ['orders:read'] } : null
 *   },
 * })
 * Bun.serve({ routes: { '/token': token }, fetch: mac.withMac(app) })
 */
export function createTokenEndpoint(mac: Mac, options: TokenEndpointOptions): TokenEndpoint {
  return tokenEndpoint(mac, options, CALLBACK_DEADLINE)
}

/**
 * Like {@link createTokenEndpoint}, with another deadline.
 * @param deadline How many milliseconds a function of the options may take.
 */
export function tokenEndpoint(
  mac: Mac,
  options: TokenEndpointOptions,
  deadline: number,
): TokenEndpoint {
  const { settings: macSettings, limits } = partsOf(mac)
  const settings = tokenEndpointSettings(options, macSettings)
  const { now } = macSettings
  const limit = issueLimit(settings.issueLimit, limits.credentials)
  const issuer: Issuer = { mac, settings, now, limit, deadline }
  const { onIssue, onRefuse, onError = printError } = settings
  return async (first, ...rest) => {
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    const clientAddress = clientAddressOf(request, first, rest, settings)
    try {
      const limited: LimitGuesses = (work) => limitGuesses(limits.failures, clientAddress, work)
      const { token, issued } = await grant(request, clientAddress, issuer, limited)
      if (onIssue) callHook('onIssue', () => onIssue(issued, request))
      return tokenAnswer(token)
    } catch (thrown) {
      if (!(thrown instanceof TokenRefusal)) {
        callHook('onError', () => onError(asMacError(thrown, UNEXPECTED), request))
        return refusalAnswer(UNAVAILABLE)
      }
      const { code, message, status, clientId } = thrown
      const refused = { error: code, description: message, status, clientId }
      if (onRefuse) callHook('onRefuse', () => onRefuse(refused, request))
      return refusalAnswer(thrown)
    }
  }
}

const UNAVAILABLE = new TokenRefusal('temporarily_unavailable', 'No credential can be issued now.')

/** Does the work that checks a secret, if its address has not failed too often. */
type LimitGuesses = (work: () => Promise<Issued>) => Promise<Issued>

/** Does the checks in their order, and issues the credential. The transport is checked before the secret. */
async function grant(
  request: Request,
  clientAddress: ClientAddress,
  issuer: Issuer,
  limited: LimitGuesses,
): Promise<Issued> {
  if (request.method !== 'POST') {
    const headers = { Allow: 'POST' }
    const why = 'The token endpoint accepts only POST.'
    throw new TokenRefusal('invalid_request', why, { status: 405, headers })
  }
  checkTransport(request, issuer.settings, clientAddress)
  checkQuery(request)
  const form = await readForm(request)
  checkGrantType(form.get('grant_type'))
  const sent = sentClient(request.headers.get('authorization'), form)
  try {
    return await limited(() => issue(sent, form, request, issuer))
  } catch (thrown) {
    throw thrown instanceof TokenRefusal ? thrown.by(sent.clientId) : thrown
  }
}

function checkGrantType(type: string | undefined): void {
  if (type === 'client_credentials') return
  if (type === undefined) throw new TokenRefusal('invalid_request', 'There is no grant_type.')
  throw new TokenRefusal(
    'unsupported_grant_type',
    'The only grant_type is client_credentials. To renew a credential, ask again.',
  )
}

const UNEXPECTED = 'The token endpoint failed unexpectedly.'
const printError = errorPrinter('the token endpoint')

/** A wrong secret counts as this failure. */
const WRONG = new MacError(
  'ERR_MAC_REJECTED',
  'A client of the token endpoint sent a wrong secret.',
)

/**
 * Limits how many secrets an address can try. A wrong secret counts like a request with a wrong MAC. It
 * counts by address, not by the name of the client, which an attacker can choose.
 *
 * A secret is counted only after it was checked. So for each address, at most as many secrets are checked
 * at the same time as may still fail, and at most 1,000 for all addresses. This holds for all token
 * endpoints of a `Mac` together. Further requests are rejected at once, and may be sent again after a second.
 *
 * @param failures `null` if there is no limit.
 * @param work Checks the secret, and issues the credential.
 * @throws {@link TokenRefusal} with 429 if the limit is exceeded, with 400 if a proxy names two addresses.
 */
export async function limitGuesses<Value>(
  failures: FailureLimit | null,
  clientAddress: ClientAddress,
  work: () => Promise<Value>,
): Promise<Value> {
  if (failures === null) return work()
  orRefused(() => clientAddress.counted)
  try {
    return await failures.whilePending(clientAddress, () =>
      checkAndCount(failures, clientAddress, work),
    )
  } catch (thrown) {
    if (thrown instanceof PendingError) throw tooManyAtOnce()
    throw thrown instanceof LimitError ? tooMany(thrown) : thrown
  }
}

async function checkAndCount<Value>(
  failures: FailureLimit,
  clientAddress: ClientAddress,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof TokenRefusal) || thrown.code !== 'invalid_client') throw thrown
    const reason = await failures.count(clientAddress, WRONG)
    throw reason === WRONG ? thrown : reason
  }
}

function tooMany({ told, status, rateLimit, retryAfterSeconds }: LimitError): TokenRefusal {
  const headers = { ...rateLimit, 'Retry-After': String(retryAfterSeconds) }
  return new TokenRefusal('temporarily_unavailable', told.title, { status, headers })
}

/** There are no rate limit headers, since no limit is exhausted. */
function tooManyAtOnce(): TokenRefusal {
  const why = 'There are too many token requests at the same time.'
  const headers = { 'Retry-After': '1' }
  return new TokenRefusal('temporarily_unavailable', why, { status: 429, headers })
}
