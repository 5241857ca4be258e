import { MacError } from '../errors.ts'
import { type Authority, parseAuthority } from '../protocol/host.ts'
import { cutUrl, type UrlPieces } from '../protocol/origin.ts'

/** What a URL comes to on the request line and in the `Host` header (draft §3.2.1). */
export interface WireUrl extends Authority {
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
