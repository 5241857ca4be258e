import { MacError } from '../errors.ts'
import { checkTarget } from '../protocol/origin.ts'
import { digestOf } from './body.ts'
import { systemClock } from './clock.ts'
import { type ClientCredential, readCredential } from './credential.ts'
import { checkSignOptions, type SignOptions } from './options.ts'
import { randomNonce, sign } from './sign.ts'
import { urlToSign, wireUrl } from './wire.ts'
import { methodToSign, wireMethod } from './wire-method.ts'

/** A request, for those who have no `Request`. */
export interface RequestToSign {
  /** Default: `GET`. */
  readonly method?: string | undefined
  /** Where it goes. The MAC covers its host and port, and its target unless that is given apart. */
  readonly url: string | URL
  /**
   * The request-URI as your client writes it on the request line, byte for byte, where that is not
   * what the `fetch` of this runtime would send: `curl` sends `^` as it is, and node:http's `request`
   * drops a lone `?`. Default: what `fetch` sends, and what it would change is refused.
   */
  readonly target?: string | undefined
  /** What the MAC covers besides (draft §3.1). Default: none. */
  readonly ext?: string | null | undefined
  /**
   * Binds this body to the MAC; `null` says that there is none. A string is sent as UTF-8. Default:
   * the MAC does *not* cover the body.
   */
  readonly body?: string | Uint8Array | ArrayBuffer | null | undefined
}

/** The header fields that a signature adds. */
export interface SignedHeaders {
  readonly authorization: string
}

/**
 * Signs a request (draft §3) that is sent by other means than a `Request`: gives the header fields to
 * send with it, once and soon.
 *
 * The MAC covers method, target, host, port, timestamp, nonce and `ext`; *not* header fields, and the
 * body only where it is given. For a WebSocket sign the `http:` form of its URL, `https:` for `wss:`.
 *
 * @throws TypeError where the credential or an option is wrong; {@link MacError} `ERR_MAC_CLIENT_URL`
 *   or `ERR_MAC_CLIENT_METHOD`.
 *
 * @example
 * const url = 'https://api.example.com/orders'
 * const headers = { ...signHeaders({ method: 'POST', url }, credential), 'x-mine': '1' }
 */
export function signHeaders(
  request: RequestToSign,
  credential: ClientCredential,
  options: Omit<SignOptions, 'ext' | 'body'> = {},
): SignedHeaders {
  const signer = readCredential(credential)
  checkSignOptions(options)
  const { now = systemClock, clockOffset = 0, nonce = randomNonce } = options
  const { method = 'GET', target, ext = null, body } = request
  const { origin: _, ...url } = target === undefined ? wireUrl(request.url) : urlToSign(request.url)
  const what = {
    ...url,
    target: target === undefined ? url.target : ownTarget(target),
    method: target === undefined ? wireMethod(method) : methodToSign(method),
    ext,
    digest: body === undefined ? null : digestOf(asBytes(body)),
  }
  return { authorization: sign(signer, what, now() + clockOffset, nonce()).authorization }
}

function asBytes(body: string | Uint8Array | ArrayBuffer | null): string | Uint8Array | null {
  return body instanceof ArrayBuffer ? new Uint8Array(body) : body
}

function ownTarget(target: string): string {
  try {
    return checkTarget(target)
  } catch (cause) {
    throw new MacError('ERR_MAC_CLIENT_URL', (cause as Error).message, { cause })
  }
}
