import type { Client } from '../limits/client.ts'
import { isLoopback } from '../protocol/host.ts'
import { type OriginSettings, spokenOrigin } from '../server/signed-origin.ts'
import { orRefused, TokenRefusal } from './refusal.ts'

/**
 * Sees to it that nobody on the way can read secret and key: TLS, or this very machine.
 *
 * Who ends TLS elsewhere says so, by `origin` or `trustProxy`; what they say is believed. Where neither
 * is given it is the request that says where it went, and anybody can write `localhost` into it: there
 * the client's address must be one of this machine as well, if it is known.
 *
 * @throws {@link TokenRefusal} `invalid_request`; a `MacError` `ERR_MAC_CALLBACK` where the
 *   function given as `origin` or `clientAddress` fails.
 */
export function checkTransport(request: Request, settings: OriginSettings, client: Client): void {
  const { scheme, host } = orRefused(() => spokenOrigin(request, settings))
  if (scheme === 'https') return
  if (!isLoopback(host)) {
    throw exposed('Behind a proxy that ends TLS, the server must be told its origin.')
  }
  if (settings.origin !== null || settings.trustProxy !== null || client.isLocal !== false) return
  throw exposed(
    'The request names this very machine, but comes from another one: use TLS; behind a proxy that ' +
      'ends it, the server must be told its origin, by the option origin or trustProxy.',
  )
}

function exposed(remedy: string): TokenRefusal {
  const why =
    'The token endpoint is for https alone: over http everybody can read the secret, which is to be ' +
    'changed now.'
  return new TokenRefusal('invalid_request', `${why} ${remedy}`)
}

/** A secret in the URI lies in logs, wherever the request has passed (RFC 6749 §2.3.1). */
export function checkQuery({ url }: Request): void {
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  // By its name as servers decode it: `client%5Fsecret` is the same one.
  if (!new URLSearchParams(query).has('client_secret')) return
  throw new TokenRefusal(
    'invalid_request',
    'A client_secret does not belong in the URI, where logs keep it: change it, and send it in the ' +
      'Authorization header or in the body.',
  )
}
