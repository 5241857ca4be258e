import { MacError } from '../errors.ts'
import type { SignOptions, UnsignedRequest } from './options.ts'
import { baseUrl, changeOfMethod, changeOfTarget } from './runtime.ts'
import { type UrlParts, urlParts } from './url-parts.ts'

/** The parts of a URL as they are sent: on the request line, and in the `Host` header (draft §3.2.1). */
interface WireUrl extends UrlParts {
  /** Scheme, host and port, as `URL` writes them. */
  readonly origin: string
}

const SEND_OTHERWISE = 'send the request without fetch, with signHeaders and a target.'

/**
 * Returns target, host and port as the `fetch` of this runtime sends them: the URL as the URL standard
 * parses it, without its fragment. The target of `http://a.example/x/../y?#f` is `/y?`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_URL` if it is not an http or https URL; if its host is not one
 *   that every server reads in the same way; if it has a user name or password, which runtimes send as
 *   another `Authorization`; or if this runtime is known to send another target.
 */
export function wireUrl(url: string | URL): WireUrl {
  const wire = urlToSign(url)
  const change = changeOfTarget(wire.target)
  if (change !== null) throw urlError(`${change}, or ${SEND_OTHERWISE}`)
  return wire
}

/**
 * Returns the request-URI that the `fetch` of this runtime sends for a URL. The target of
 * `http://a.example/x/../y?#f` is `/y?`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_URL` if the URL cannot be signed.
 */
export function wireTarget(url: string | URL): string {
  return wireUrl(url).target
}

/**
 * Returns target, host and port as {@link wireUrl} does, but for a request that is not sent with `fetch`. So it
 * does *not* check what this runtime would send.
 */
export function urlToSign(url: string | URL): WireUrl {
  const parsed = parseUrl(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw urlError(describeScheme(parsed))
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw urlError(
      'The URL holds a user name or password, which fetch rejects, or sends as another Authorization. Remove it.',
    )
  }
  return { ...withUrlError(() => urlParts(parsed)), origin: parsed.origin }
}

/** Says what to do about another scheme. A WebSocket starts as a GET request, which the server verifies. */
function describeScheme({ protocol, host }: URL): string {
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    return `A request to ${protocol} cannot be signed: only http: and https: can.`
  }
  const http = protocol === 'wss:' ? 'https' : 'http'
  return (
    `A ${protocol} URL cannot be signed. Sign ${http}://${host}/… instead of ${protocol}//${host}/…, and open ` +
    'the WebSocket with that Authorization. Browsers cannot do that.'
  )
}

/**
 * Hosts that are never looked up in the DNS. `x.localhost` is not one: Node and Deno look it up. A server may
 * take it for this machine: see `isLoopback` in `src/oauth/request.ts`.
 */
const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/**
 * Whether no attacker on the way can read or change requests and responses: the URL uses `https:`, or names
 * this machine in a way that never leads elsewhere.
 */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && THIS_MACHINE.test(hostname))
}

/**
 * Parses a URL. In a page, it may be relative, as for `fetch`.
 * @throws {@link MacError} `ERR_MAC_CLIENT_URL` if it is not valid.
 */
export function parseUrl(url: string | URL): URL {
  try {
    return new URL(url, baseUrl())
  } catch (cause) {
    const message = `${JSON.stringify(String(url))} is not an absolute URL.`
    throw new MacError('ERR_MAC_CLIENT_URL', message, { cause })
  }
}

/**
 * Calls a check of the protocol. If it fails, throws its message with the code `ERR_MAC_CLIENT_URL`, because
 * the code of the check is for servers, with status 401.
 */
export function withUrlError<Checked>(check: () => Checked): Checked {
  try {
    return check()
  } catch (cause) {
    throw new MacError('ERR_MAC_CLIENT_URL', (cause as Error).message, { cause })
  }
}

function urlError(message: string): MacError {
  return new MacError('ERR_MAC_CLIENT_URL', message)
}

/** The methods that the Fetch standard puts in upper case. */
const UPPER_CASED_METHOD = /^(?:delete|get|head|options|post|put)$/i
/** The methods that the Fetch standard forbids. */
const FORBIDDEN_METHOD = /^(?:connect|trace|track)$/i
/**
 * A token (RFC 9110 §9.1) of at most 64 characters, which is what withmac accepts, without lower-case letters:
 * the MAC covers the method in upper case.
 */
const SIGNABLE_METHOD = /^[!#$%&'*+.^_`|~0-9A-Z-]{1,64}$/

/**
 * Returns the method that the `fetch` of this runtime sends: `POST` for `post`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_METHOD` if it is not a valid method, or if fetch does not allow
 *   it; if this runtime would send another one, as Bun does for methods that it does not know; or if it
 *   would be sent in lower case: the MAC covers it in upper case, and most servers reject it.
 */
export function wireMethod(method: string): string {
  if (FORBIDDEN_METHOD.test(method)) {
    throw methodError(`fetch does not send the method ${method.toUpperCase()}.`)
  }
  const upper = methodToSign(method)
  const change = changeOfMethod(upper)
  if (change === null) return upper
  throw methodError(`${change}: ${SEND_OTHERWISE}`)
}

/**
 * Returns the method as {@link wireMethod} does, but for a request that is not sent with `fetch`. So it does
 * *not* check whether `fetch` and this runtime would send it.
 */
export function methodToSign(method: string): string {
  if (UPPER_CASED_METHOD.test(method)) return method.toUpperCase()
  if (SIGNABLE_METHOD.test(method)) return method
  const upper = String(method).toUpperCase()
  if (!SIGNABLE_METHOD.test(upper)) {
    throw methodError(
      `${JSON.stringify(method)} is not a valid method: it must be a token of at most 64 characters.`,
    )
  }
  throw methodError(
    `Most runtimes send the method ${method} as it is, but the MAC covers it in upper case: write ${upper}.`,
  )
}

function methodError(message: string): MacError {
  return new MacError('ERR_MAC_CLIENT_METHOD', message)
}

/**
 * Checks that the caller's header fields fit the signature. A `Host` that is set must be the signed one:
 * Bun sends it, and all other runtimes drop it.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_HEADER` if `Authorization` or `Host` conflicts with the signature.
 */
export function checkHeaders(headers: Headers, url: WireUrl): void {
  const authorization = headers.get('authorization')
  if (authorization !== null && !/^mac(?:[ \t]|$)/i.test(authorization)) {
    throw new MacError(
      'ERR_MAC_CLIENT_HEADER',
      'The request has an Authorization of another scheme, but only one is possible. Remove it, or do not sign.',
    )
  }
  const host = headers.get('host')
  if (host === null) return
  const { host: named } = new URL(url.origin)
  if (host.toLowerCase() === named) return
  throw new MacError(
    'ERR_MAC_CLIENT_HEADER',
    `The Host header says ${JSON.stringify(host)}, but the URL says ${JSON.stringify(named)}. Remove the header. ` +
      'To sign for another host than the one that you connect to, use signHeaders.',
  )
}

/** Returns the application's part of `ext` for one request. */
export function extFor(ext: SignOptions['ext'], request: UnsignedRequest): string | null {
  const value = typeof ext === 'function' ? ext(request) : (ext ?? null)
  if (value === null || typeof value === 'string') return value
  throw new TypeError('withmac: the function given as ext must return a string or null.')
}
