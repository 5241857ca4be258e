import { isLoopback } from '../protocol/host.ts'
import { type OriginSettings, spokenOrigin } from '../server/signed-origin.ts'
import { orRefused, TokenRefusal } from './refusal.ts'

/**
 * Sees to it that nobody on the way can read secret and key: TLS, or this very machine.
 *
 * Who ends TLS elsewhere says so, by `origin` or `trustProxy`; what they say is believed.
 *
 * @throws {@link TokenRefusal} `invalid_request`; a `MacError` `ERR_MAC_CALLBACK` where the
 *   function given as `origin` fails.
 */
export function checkTransport(request: Request, settings: OriginSettings): void {
  const { scheme, host } = orRefused(() => spokenOrigin(request, settings))
  if (scheme === 'https' || isLoopback(host)) return
  throw new TokenRefusal(
    'invalid_request',
    'The token endpoint is for https alone: over http everybody can read the secret, which is to be ' +
      'changed now. Behind a proxy that ends TLS, the server must be told its origin.',
  )
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
