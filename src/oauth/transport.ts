import { MacError } from '../errors.ts'
import { isLoopback } from '../protocol/host.ts'
import { type OriginSettings, spokenOrigin } from '../server/signed-origin.ts'
import { TokenRefusal } from './refusal.ts'

/**
 * Sees to it that nobody on the way can read secret and key: TLS, or this very machine.
 *
 * Who ends TLS elsewhere says so, by `origin` or `trustProxy`; what they say is believed.
 *
 * @throws {@link TokenRefusal} `invalid_request`; {@link MacError} `ERR_MAC_CALLBACK` where the
 *   function given as `origin` fails.
 */
export function checkTransport(request: Request, settings: OriginSettings): void {
  const { scheme, host } = originOf(request, settings)
  if (scheme === 'https' || isLoopback(host)) return
  throw new TokenRefusal(
    'invalid_request',
    'The token endpoint is for https alone: over http everybody can read the secret, which is to be ' +
      'changed now. Behind a proxy that ends TLS, the server must be told its origin.',
  )
}

/** A secret in the URI lies in logs, wherever the request has passed (RFC 6749 §2.3.1). */
export function checkQuery({ url }: Request): void {
  if (!/[?&]client_secret=/.test(url)) return
  throw new TokenRefusal(
    'invalid_request',
    'A client_secret does not belong in the URI, where logs keep it: change it, and send it in the ' +
      'Authorization header or in the body.',
  )
}

function originOf(request: Request, settings: OriginSettings) {
  try {
    return spokenOrigin(request, settings)
  } catch (error) {
    if (!(error instanceof MacError) || error.status >= 500) throw error
    throw new TokenRefusal('invalid_request', error.told.title)
  }
}
