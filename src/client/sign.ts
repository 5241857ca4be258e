import { given, nameFaults, OPTIONS } from '../option-names.ts'
import { formatBodyExt } from '../protocol/body-digest.ts'
import { checkCharacters, checkNonce, joinAuthorization } from '../protocol/parameters.ts'
import { type CoveredRequest, joinCovered } from '../protocol/signature.ts'
import { checkTarget } from '../protocol/url-pieces.ts'
import { formatTimestamp, systemClock } from './clock.ts'
import {
  type ClientCredential,
  type CryptoKeyCredential,
  readCredential,
  signingCredential,
} from './credential.ts'
import { digestBody, digestBodySync, macFunctionSync, randomNonce } from './crypto.ts'
import { checkOptions, type SignOptions, wrongOptionsError } from './options.ts'
import { EMPTY_DIGEST, readBytes } from './payload.ts'
import {
  checkHeaders,
  extFor,
  methodToSign,
  urlToSign,
  wireMethod,
  wireUrl,
  withUrlError,
} from './wire.ts'

/** A signature, with its timestamp and nonce. The MAC of a server's time covers them. */
export interface Signature {
  /** The value of the `Authorization` header. */
  readonly authorization: string
  readonly ts: string
  readonly nonce: string
}

/** The parts of a request to sign: method, target, host and port, all checked, and the contents of `ext`. */
interface PartsToSign extends Omit<CoveredRequest, 'ts' | 'nonce'> {
  /** The SHA-256 of the body in base64, if the body is bound. Otherwise `null`. */
  readonly digest: string | null
}

/** A signature without its MAC. */
interface UnfinishedSignature {
  /** What the MAC covers: the normalized request string (draft §3.2.1). */
  readonly text: string
  /** Returns the signature with the MAC, which is in base64. */
  finish(mac: string): Signature
}

/**
 * Begins a signature (draft §3).
 *
 * @param id The MAC key identifier.
 * @param seconds The time for the timestamp, in seconds since 1970.
 * @throws {@link MacError} if the nonce or `ext` has a character that cannot be sent. The code is that of
 *   the server's parser.
 */
export function beginSignature(
  id: string,
  parts: PartsToSign,
  seconds: number,
  nonce: string,
): UnfinishedSignature {
  const { method, target, host, port, digest, ext } = parts
  const ts = formatTimestamp(seconds)
  if (typeof nonce !== 'string') {
    throw new TypeError(
      `withmac: the function given as nonce must return a string, not ${given(nonce)}.`,
    )
  }
  checkNonce(nonce)
  if (ext !== null) checkCharacters('ext', ext)
  const covered = digest === null ? ext : formatBodyExt(digest, ext)
  const text = joinCovered({ method, target, host, port }, { ts, nonce, ext: covered })
  return {
    text,
    finish(mac) {
      return { authorization: joinAuthorization({ id, ts, nonce, ext: covered, mac }), ts, nonce }
    },
  }
}

/**
 * Signs a `Request` (draft §3). Returns a new `Request` with an `Authorization` header. Send it once,
 * and soon: the server rejects a second copy as a replay.
 *
 * The MAC covers method, target, host, port, timestamp, nonce and `ext`. It does *not* cover header
 * fields. It covers the body only with `body: true`, which reads the body into memory; otherwise a stream
 * stays a stream. The body of `request` moves to the new one, as with `new Request(request)`.
 *
 * If `fetch` follows a redirect, it sends the same signature again, which is then wrong. If there may be
 * redirects, use `createMacFetch`.
 *
 * @throws TypeError if the credential or an option is wrong. {@link MacError} `ERR_MAC_CLIENT_URL`,
 *   `ERR_MAC_CLIENT_METHOD` or `ERR_MAC_CLIENT_HEADER` if `fetch` would send something else than what is
 *   signed.
 *
 * @example
 * await fetch(await signRequest(new Request('https://api.example.com/orders'), credential))
 */
export async function signRequest(
  request: Request,
  credential: ClientCredential | CryptoKeyCredential,
  options: SignOptions = {},
): Promise<Request> {
  if (typeof request?.url !== 'string' || typeof request.clone !== 'function') {
    throw new TypeError(
      'withmac: signRequest takes a Request. If you have only a URL, use signHeaders.',
    )
  }
  const { id, computeMac } = signingCredential(credential)
  checkOptions('signRequest', options)
  const { now = systemClock, clockOffset = 0, nonce = randomNonce } = options
  const url = wireUrl(request.url)
  checkHeaders(request.headers, url)
  const method = wireMethod(request.method)
  const ext = extFor(options.ext, request)
  const headers = new Headers(request.headers)
  const bytes = options.body === true && request.body !== null ? await readBytes(request) : null
  let digest: string | null = null
  if (options.body === true) digest = bytes === null ? EMPTY_DIGEST : await digestBody(bytes)
  const parts = { ...url, method, ext, digest }
  const signature = beginSignature(id, parts, now() + clockOffset, nonce())
  const { authorization } = signature.finish(await computeMac(signature.text))
  headers.set('authorization', authorization)
  return new Request(request, bytes === null ? { headers } : { headers, body: bytes })
}

/** The request for `signHeaders`, if you have no `Request`. */
export interface RequestToSign {
  /** Default: `GET`. */
  readonly method?: string | undefined
  /** The URL of the request. The MAC covers its host and port, and its target, unless `target` is given. */
  readonly url: string | URL
  /**
   * The request-URI as your client writes it on the request line, byte for byte. Set it if your client
   * does not send what the `fetch` of this runtime sends: `curl` sends `^` unchanged, and `request` of
   * node:http drops a lone `?`. Default: what `fetch` sends. It is an error if `fetch` would change it.
   */
  readonly target?: string | undefined
  /** Additional text that the MAC covers (draft §3.1). Default: none. */
  readonly ext?: string | null | undefined
  /**
   * The body to bind to the MAC. A string counts as UTF-8, and `null` as no body. Default: the MAC does
   * *not* cover the body.
   */
  readonly body?: string | Uint8Array | ArrayBuffer | null | undefined
}

/** The header fields to add to a signed request. */
export interface SignedHeaders {
  readonly authorization: string
}

/**
 * Returns the header fields that sign a request (draft §3), for clients that do not use a `Request`. Send
 * them once, and soon: the server rejects a second copy as a replay.
 *
 * The MAC covers method, target, host, port, timestamp, nonce and `ext`. It does *not* cover header
 * fields. It covers the body only if `body` is given. For a WebSocket, sign the URL with `http:` instead
 * of `ws:`, or `https:` instead of `wss:`.
 *
 * @throws TypeError if the credential or an option is wrong. {@link MacError} `ERR_MAC_CLIENT_URL` or
 *   `ERR_MAC_CLIENT_METHOD` if the URL or the method cannot be signed.
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
  const { id, key, algorithm } = readCredential(credential)
  if (typeof key !== 'string') {
    throw new TypeError(
      'withmac: signHeaders needs a key that is a string, because WebCrypto is asynchronous. Use signRequest.',
    )
  }
  checkOptions('signHeaders', options)
  checkRequest(request)
  const { now = systemClock, clockOffset = 0, nonce = randomNonce } = options
  const { method = 'GET', target, ext = null, body } = request
  const sent =
    target === undefined
      ? { ...wireUrl(request.url), method: wireMethod(method) }
      : {
          ...urlToSign(request.url),
          target: withUrlError(() => checkTarget(target)),
          method: methodToSign(method),
        }
  const digest = body === undefined ? null : digestBodySync(asBytes(body))
  const parts = { ...sent, ext, digest }
  const signature = beginSignature(id, parts, now() + clockOffset, nonce())
  const { authorization } = signature.finish(macFunctionSync(algorithm, key)(signature.text))
  return { authorization }
}

/**
 * Checks names and types. A `Request` or a request of node:http is an error: the MAC would not cover its
 * body, which was not read yet.
 */
function checkRequest(request: RequestToSign): void {
  const who = 'the request of signHeaders'
  const [fault] = nameFaults(who, request, OPTIONS[who], REQUEST_RULE)
  if (fault !== undefined) throw wrongOptionsError(who, fault)
  const { url, ...rest } = request
  // Not by instanceof, here and for the bytes below: in test runners, classes may be of another realm.
  if (typeof url !== 'string' && typeof (url as URL | undefined)?.href !== 'string') {
    throw wrongOptionsError(who, `url must be a string or a URL, not ${given(url)}`)
  }
  for (const name of ['method', 'target', 'ext'] as const) {
    const value: unknown = rest[name]
    if (value === undefined || typeof value === 'string' || (name === 'ext' && value === null)) {
      continue
    }
    const rule = name === 'ext' ? 'a string or null' : 'a string'
    throw wrongOptionsError(who, `${name} must be ${rule}, not ${given(value)}`)
  }
  const body: unknown = rest.body
  if (body === undefined || body === null || typeof body === 'string' || isBytes(body)) return
  throw wrongOptionsError(who, `body must be a string, bytes or null, not ${given(body)}`)
}

const REQUEST_RULE = 'an object such as { method, url, body } (for a Request there is signRequest)'

function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView {
  if (ArrayBuffer.isView(value)) return true
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}

function asBytes(body: string | Uint8Array | ArrayBuffer | null): string | Uint8Array {
  if (body === null) return ''
  return typeof body === 'string' || ArrayBuffer.isView(body) ? body : new Uint8Array(body)
}
