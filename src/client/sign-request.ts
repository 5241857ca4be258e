import { bytesOf, digestOf } from './body.ts'
import { systemClock } from './clock.ts'
import { type ClientCredential, readCredential } from './credential.ts'
import { checkHeaders, extFor } from './headers.ts'
import { checkOptions, type SignOptions } from './options.ts'
import { randomNonce, sign } from './sign.ts'
import { wireUrl } from './wire.ts'
import { wireMethod } from './wire-method.ts'

/**
 * Signs a `Request` (draft §3): gives another one that is the same but for its `Authorization`. Send
 * it once and soon: a second time it is a replay.
 *
 * The MAC covers method, target, host, port, timestamp, nonce and `ext`. It does *not* cover header
 * fields, nor the body, unless the option `body` says so. The given request is used up with its body,
 * as `new Request(request)` does it; a body that is a stream stays one, except with `body: true`.
 *
 * A redirect that `fetch` follows by itself repeats the signature, which then fits no longer: use
 * `createMacFetch` where there may be one.
 *
 * @throws TypeError where the credential or an option is wrong; {@link MacError} `ERR_MAC_CLIENT_URL`,
 *   `ERR_MAC_CLIENT_METHOD` or `ERR_MAC_CLIENT_HEADER` where something else would be sent than what is
 *   signed, with the reason.
 *
 * @example
 * await fetch(await signRequest(new Request('https://api.example.com/orders'), credential))
 */
export async function signRequest(
  request: Request,
  credential: ClientCredential,
  options: SignOptions = {},
): Promise<Request> {
  if (typeof request?.url !== 'string' || typeof request.clone !== 'function') {
    throw new TypeError(
      'withmac: signRequest takes a Request; for a URL alone there is signHeaders.',
    )
  }
  const signer = readCredential(credential)
  checkOptions('signRequest', options)
  const { now = systemClock, clockOffset = 0, nonce = randomNonce } = options
  const { origin: _, ...url } = wireUrlOf(request)
  const method = wireMethod(request.method)
  const ext = extFor(options.ext, request)
  const headers = new Headers(request.headers)
  const bytes = options.body === true && request.body !== null ? await bytesOf(request) : null
  const digest = options.body === true ? digestOf(bytes) : null
  const signature = sign(signer, { ...url, method, ext, digest }, now() + clockOffset, nonce())
  headers.set('authorization', signature.authorization)
  return new Request(request, bytes === null ? { headers } : { headers, body: bytes })
}

function wireUrlOf(request: Request) {
  const url = wireUrl(request.url)
  checkHeaders(request.headers, url)
  return url
}
