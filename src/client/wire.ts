import { MacError } from '../errors.ts'
import { type Authority, parseAuthority } from '../protocol/host.ts'
import { COMMON_METHODS, cutUrl, type UrlPieces } from '../protocol/origin.ts'
import type { SignOptions, UnsignedRequest } from './options.ts'

/** What a URL comes to on the request line and in the `Host` header (draft §3.2.1). */
interface WireUrl extends Authority {
  readonly target: string
  /** Scheme, host and port, as `URL` writes them. */
  readonly origin: string
}

const { bun, undici } = process.versions
const RUNTIME = bun !== undefined ? `Bun ${bun}` : `Node ${process.versions.node}`

/** Measured on Bun 1.4.5: what stands for an empty first segment is cut off. */
const CUTS_SLASHES = bun !== undefined
/** Measured: the fetch of Node drops a lone `?` with undici 5 and 6 (Node 18 to 22), and sends it with 7. */
const DROPS_QUESTION_MARK = undici !== undefined && Number.parseInt(undici, 10) < 7

/**
 * What the `fetch` of this runtime sends of a URL: what the URL standard makes of it, without the
 * fragment. The target of `http://a.example/x/../y?#f` is `/y?`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_URL` where it is no URL of http or https, its host is none
 *   that a signature can name for certain, or it holds user information, of which runtimes make another
 *   `Authorization`; and where this runtime is known to send another target than the URL's.
 */
export function wireUrl(url: string | URL): WireUrl {
  const wire = urlToSign(url)
  if (CUTS_SLASHES && wire.target.startsWith('//')) {
    throw wrongUrl(
      `${RUNTIME} sends the path ${JSON.stringify(wire.target)} with a single slash at its start. ` +
        'Take the slashes off, or send the request by other means, with signHeaders and a target.',
    )
  }
  if (DROPS_QUESTION_MARK && /^[^?]*\?$/.test(wire.target)) {
    throw wrongUrl(
      `${RUNTIME} does not send the "?" at the end of ${JSON.stringify(wire.target)}. ` +
        'Take it off, or send the request by other means, with signHeaders and a target.',
    )
  }
  return wire
}

/** The target alone: see {@link wireUrl}. */
export function wireTarget(url: string | URL): string {
  return wireUrl(url).target
}

/** The same for what other means than `fetch` send: nothing that is special to this runtime. */
export function urlToSign(url: string | URL): WireUrl {
  const parsed = parse(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw wrongUrl(unsignable(parsed))
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw wrongUrl(
      'The URL holds a user name or password: fetch refuses it, or sends it as another Authorization ' +
        'in place of the signature. Take it out of the URL.',
    )
  }
  const pieces: UrlPieces = cutUrl(parsed.href)
  return { ...authorityOf(pieces), target: pieces.target, origin: parsed.origin }
}

/** What to do about another scheme. A WebSocket starts as a GET request, and that is what a server verifies. */
function unsignable({ protocol, host }: URL): string {
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    return `A request to ${protocol} cannot be signed: only http: and https: can.`
  }
  const http = protocol === 'wss:' ? 'https' : 'http'
  return (
    `A ${protocol} URL cannot be signed: a WebSocket starts as a GET request of ${http}. Sign ` +
    `${http}://${host}/… in place of ${protocol}//${host}/…, and open the WebSocket with the ` +
    'Authorization header that you get.'
  )
}

/** The hosts that no resolver is asked for: Node and Deno look up `x.localhost` in the DNS. */
const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/**
 * Whether nobody else could have written what came from there, or read what goes there: `https:`, or
 * this very machine by a name that leads nowhere else.
 */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && THIS_MACHINE.test(hostname))
}

/**
 * Writes `^` in a path as `%5E`: what the URL standard says today, and Deno and Node up to 22 do not do
 * yet. A server that does would not see what was signed.
 */
export function withoutCarets(url: URL): URL {
  if (!url.pathname.includes('^')) return url
  const changed = new URL(url)
  changed.pathname = url.pathname.replaceAll('^', '%5E')
  return changed
}

function parse(url: string | URL): URL {
  try {
    return new URL(url)
  } catch (cause) {
    const message = `${JSON.stringify(String(url))} is no absolute URL.`
    throw new MacError('ERR_MAC_CLIENT_URL', message, { cause })
  }
}

function authorityOf({ authority, scheme }: UrlPieces): Authority {
  try {
    return parseAuthority(authority, scheme)
  } catch (cause) {
    // That code is a server's, and its status 401.
    throw new MacError('ERR_MAC_CLIENT_URL', (cause as Error).message, { cause })
  }
}

function wrongUrl(message: string): MacError {
  return new MacError('ERR_MAC_CLIENT_URL', message)
}

/** What the Fetch standard writes in upper case, and nothing else. */
const UPPER_CASED = /^(?:delete|get|head|options|post|put)$/i
/** What the Fetch standard forbids. */
const FORBIDDEN = /^(?:connect|trace|track)$/i
/** A token (RFC 9110 §9.1) without lower-case letters, no longer than withmac reads. */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Z-]{1,64}$/

/**
 * The method that the `fetch` of this runtime sends: `POST` of `post`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_METHOD` for what is no method or is not allowed, for one
 *   that this runtime would change into another, as Bun does with those it does not know, and for one
 *   in lower case that would be sent so: the MAC covers it in upper case, and most servers refuse it.
 */
export function wireMethod(method: string): string {
  if (COMMON_METHODS.has(method)) return method
  if (FORBIDDEN.test(method)) {
    throw wrongMethod(`fetch does not send the method ${method.toUpperCase()}.`)
  }
  const upper = methodToSign(method)
  const { method: sent } = new Request('http://localhost/', { method: upper })
  if (sent === upper) return upper
  throw wrongMethod(
    `This runtime knows no method ${upper}, and would send ${sent}: send the request by other means, ` +
      'with signHeaders and a target.',
  )
}

/** The same for what other means than `fetch` send. */
export function methodToSign(method: string): string {
  if (UPPER_CASED.test(method)) return method.toUpperCase()
  if (METHOD.test(method)) return method
  const upper = String(method).toUpperCase()
  if (!METHOD.test(upper)) {
    throw wrongMethod(`${JSON.stringify(method)} is no method: a token of 64 characters or fewer.`)
  }
  throw wrongMethod(
    `Most runtimes send the method ${method} as it is spelled, most servers refuse it, and the MAC ` +
      `covers it in upper case: write ${upper}.`,
  )
}

function wrongMethod(message: string): MacError {
  return new MacError('ERR_MAC_CLIENT_METHOD', message)
}

/**
 * Sees to it that the caller's own header fields leave the signature room, and its host: Bun sends a
 * `Host` that is set, and all others drop it.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_HEADER`
 */
export function checkHeaders(headers: Headers, url: WireUrl): void {
  const authorization = headers.get('authorization')
  if (authorization !== null && !/^mac(?:[ \t]|$)/i.test(authorization)) {
    throw new MacError(
      'ERR_MAC_CLIENT_HEADER',
      'The request has an Authorization of another scheme, and can have one alone. Take it out, or do not sign.',
    )
  }
  const host = headers.get('host')
  if (host === null) return
  const { host: named } = new URL(url.origin)
  if (host.toLowerCase() === named) return
  throw new MacError(
    'ERR_MAC_CLIENT_HEADER',
    `The Host header says ${JSON.stringify(host)} and the URL ${JSON.stringify(named)}, and most ` +
      'runtimes send the one of the URL. Take the header out; to sign for another host than the one ' +
      'you connect to, there is signHeaders.',
  )
}

/** The application's part of `ext` for one request. */
export function extFor(ext: SignOptions['ext'], request: UnsignedRequest): string | null {
  const value = typeof ext === 'function' ? ext(request) : (ext ?? null)
  if (value === null || typeof value === 'string') return value
  throw new TypeError('withmac: the function given as ext must return a string or null.')
}
