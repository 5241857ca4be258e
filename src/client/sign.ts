import { randomBytes } from 'node:crypto'
import { MacError } from '../errors.ts'
import { given, nameFaults } from '../option-names.ts'
import { formatAuthorization } from '../protocol/authorization.ts'
import { formatBodyExt } from '../protocol/body-digest.ts'
import { checkTarget } from '../protocol/origin.ts'
import { checkCharacters, checkParameter } from '../protocol/parameters.ts'
import { type CoveredRequest, requestString } from '../protocol/signature.ts'
import { systemClock, timestampOf } from './clock.ts'
import { type ClientCredential, readCredential, type Signer } from './credential.ts'
import { checkOptions, type SignOptions, wrongOptions } from './options.ts'
import { bytesOf, digestOf } from './payload.ts'
import { checkHeaders, extFor, methodToSign, urlToSign, wireMethod, wireUrl } from './wire.ts'

/** A signature, and what it was made with: an answer may refer to it. */
export interface Signature {
  /** The value of the `Authorization` header. */
  readonly authorization: string
  readonly ts: string
  readonly nonce: string
}

/** What is signed: method, target, host, port, and what goes into `ext`. */
interface Unsigned extends Omit<CoveredRequest, 'ts' | 'nonce'> {
  /** The SHA-256 of the body in base64, where it is bound; else `null`. */
  readonly digest: string | null
}

/**
 * Signs (draft §3).
 *
 * @param seconds The time to sign with, in seconds since 1970.
 * @throws {@link MacError} where the nonce or `ext` holds what cannot be sent, with the code that
 *   reading it would give.
 */
export function sign(signer: Signer, what: Unsigned, seconds: number, nonce: string): Signature {
  const { digest, ext, ...origin } = what
  const ts = timestampOf(seconds)
  if (typeof nonce !== 'string') {
    throw new TypeError(
      `withmac: the function given as nonce must return a string, not ${given(nonce)}.`,
    )
  }
  checkParameter('nonce', nonce)
  checkCharacters('nonce', nonce)
  if (ext !== null) checkCharacters('ext', ext)
  const covered = digest === null ? ext : formatBodyExt(digest, ext)
  const mac = signer.mac(requestString({ ...origin, ts, nonce, ext: covered }))
  const authorization = formatAuthorization({ id: signer.id, ts, nonce, ext: covered, mac })
  return { authorization, ts, nonce }
}

/** 128 random bits: no two requests ever have the same. */
export function randomNonce(): string {
  return randomBytes(16).toString('base64url')
}

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
  checkOptions('signHeaders', options)
  checkRequest(request)
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

/**
 * What it does not know would not be signed. A `Request` or a request of node:http has a body that is no
 * text yet.
 */
function checkRequest(request: RequestToSign): void {
  const who = 'the request of signHeaders'
  const [fault] = nameFaults(who, request)
  if (fault !== undefined) throw wrongOptions(who, fault.replace('an object of options', REQUEST))
  const { url, ...rest } = request
  // By its shape, as the bytes below: test runners bring classes of another realm.
  if (typeof url !== 'string' && typeof (url as URL | undefined)?.href !== 'string') {
    throw wrongOptions(who, `url must be a string or a URL, not ${given(url)}`)
  }
  for (const name of ['method', 'target', 'ext'] as const) {
    const value: unknown = rest[name]
    if (value === undefined || typeof value === 'string' || (name === 'ext' && value === null))
      continue
    const rule = name === 'ext' ? 'a string or null' : 'a string'
    throw wrongOptions(who, `${name} must be ${rule}, not ${given(value)}`)
  }
  const body: unknown = rest.body
  if (body === undefined || body === null || typeof body === 'string' || isBytes(body)) return
  throw wrongOptions(who, `body must be a string, bytes or null, not ${given(body)}`)
}

const REQUEST = 'an object such as { method, url, body } (for a Request there is signRequest)'

function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView {
  if (ArrayBuffer.isView(value)) return true
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
}

function asBytes(body: string | Uint8Array | ArrayBuffer | null): string | Uint8Array | null {
  return typeof body === 'string' || body === null || ArrayBuffer.isView(body)
    ? body
    : new Uint8Array(body)
}

function ownTarget(target: string): string {
  try {
    return checkTarget(target)
  } catch (cause) {
    throw new MacError('ERR_MAC_CLIENT_URL', (cause as Error).message, { cause })
  }
}
