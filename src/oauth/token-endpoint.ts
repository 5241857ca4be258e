import { callHook } from '../callback.ts'
import { partsOf } from '../create-mac.ts'
import { MacError } from '../errors.ts'
import { type Client, clientOf } from '../limits/client-address.ts'
import type { Mac } from '../mac.ts'
import { plain } from '../protocol/text.ts'
import { type FirstArgument, requestOrResponse } from '../server/request-of.ts'
import { refusalAnswer, TokenRefusal, tokenAnswer } from './answer.ts'
import { limitGuesses } from './guess-limit.ts'
import { type Issued, type Issuer, issue, issueLimit } from './issue.ts'
import { type TokenEndpointOptions, tokenEndpointSettings } from './options.ts'
import { checkQuery, checkTransport, readForm, sentClient } from './request.ts'

/** A handler of a `Request`, or of an object that holds one as `request`. */
export type TokenEndpoint = (first: FirstArgument, ...rest: unknown[]) => Promise<Response>

/** How long `authenticateClient` and `algorithm` may take, in milliseconds. */
const CALLBACK_DEADLINE = 30_000

/**
 * Makes a token endpoint: a handler that gives clients MAC credentials for their secret (draft §5, by
 * the client credentials grant of RFC 6749 §4.4). A client renews its credential by asking again; the
 * one before stays valid until it expires, and is removed a day later.
 *
 * It checks that the request came by TLS or from this machine, that it is a POST of a form of 16 KiB or
 * less, whose parameters come once each, what `authenticateClient` says of the client, and that this
 * one may have the scopes that it asks for. Who guesses secrets is slowed down where the `Mac` has the
 * option `rateLimit.failures`, and else *not*: then secrets must be too many to guess.
 *
 * @param mac Who verifies what is signed with the credentials, as `createMac` made it.
 * @throws TypeError where an option is wrong: now. The handler answers whatever happens.
 *
 * @example
 * const clients = new Map([['shop', { secret: process.env.SHOP_SECRET, user: 'ada' }]])
 * const token = createTokenEndpoint(mac, {
 *   authenticateClient({ clientId, clientSecret }) {
 *     const client = clients.get(clientId)
 *     const equal = secretsAreEqual(clientSecret, client?.secret) // also for strangers: no time tells
 *     return equal && client ? { user: client.user, scopes: ['orders:read'] } : null
 *   },
 * })
 * Bun.serve({ routes: { '/token': token }, fetch: mac.withMac(app) })
 */
export function createTokenEndpoint(mac: Mac, options: TokenEndpointOptions): TokenEndpoint {
  return tokenEndpoint(mac, options, CALLBACK_DEADLINE)
}

/**
 * The same with a deadline of its own.
 * @param deadline How long a function that was given as an option may take, in milliseconds.
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
  const { onIssue, onRefuse, onError = reportFailure } = settings
  return async (first, ...rest) => {
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    const client = clientOf(request, first, rest, settings)
    try {
      const judge: Judge = (work) => limitGuesses(limits.failures, client, work)
      const { token, told } = await grant(request, client, issuer, judge)
      if (onIssue) callHook('onIssue', () => onIssue(told, request))
      return tokenAnswer(token)
    } catch (thrown) {
      if (!(thrown instanceof TokenRefusal)) {
        callHook('onError', () => onError(asMacError(thrown), request))
        return refusalAnswer(UNAVAILABLE)
      }
      const { code, message, status, clientId } = thrown
      const refused = { error: code, description: message, status, clientId }
      if (onRefuse) callHook('onRefuse', () => onRefuse(refused, request))
      return refusalAnswer(thrown)
    }
  }
}

const UNAVAILABLE = new TokenRefusal(
  'temporarily_unavailable',
  'No credential can be issued at the moment.',
)

/** Does the work in which a secret is judged. */
type Judge = (work: () => Promise<Issued>) => Promise<Issued>

/** The checks in their order: nothing secret is looked at before it is known how it came. */
async function grant(
  request: Request,
  client: Client,
  issuer: Issuer,
  judge: Judge,
): Promise<Issued> {
  if (request.method !== 'POST') {
    const headers = { Allow: 'POST' }
    const why = 'The token endpoint takes POST alone.'
    throw new TokenRefusal('invalid_request', why, { status: 405, headers })
  }
  checkTransport(request, issuer.settings, client)
  checkQuery(request)
  const form = await readForm(request)
  checkGrantType(form.get('grant_type'))
  const sent = sentClient(request.headers.get('authorization'), form)
  try {
    return await judge(() => issue(sent, form, request, issuer))
  } catch (thrown) {
    throw thrown instanceof TokenRefusal ? thrown.by(sent.clientId) : thrown
  }
}

function checkGrantType(type: string | undefined): void {
  if (type === 'client_credentials') return
  if (type === undefined) throw new TokenRefusal('invalid_request', 'There is no grant_type.')
  throw new TokenRefusal(
    'unsupported_grant_type',
    'The only grant_type here is client_credentials; ask again when a credential has expired.',
  )
}

function asMacError(error: unknown): MacError {
  if (error instanceof MacError) return error
  const cause = { cause: error }
  return new MacError('ERR_MAC_INTERNAL', 'The token endpoint failed unexpectedly.', cause)
}

/** What the operator must mend is shown, also where there is no hook. */
function reportFailure(error: MacError): void {
  const { code, message, cause = '' } = error
  console.error(`withmac: the token endpoint failed: ${code}: ${plain(message)}`, cause)
}
