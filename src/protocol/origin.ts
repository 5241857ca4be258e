import { MacError } from '../errors.ts'
import { isVisible } from './characters.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'

/** The part of a `Request` that tells what was signed. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/** What the MAC covers of a request line and its origin (draft §3.2.1). */
export interface RequestOrigin extends Authority {
  readonly method: string
  /** The request-URI, byte for byte as far as the runtime shows it. */
  readonly target: string
}

/** A URL cut in pieces, none of them decoded or normalized. */
export interface UrlPieces {
  readonly scheme: HttpScheme
  readonly authority: string
  readonly target: string
}

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
/** Methods that need no closer look: every runtime knows them, and sends them as they are. */
export const COMMON_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
])

/**
 * Cuts an absolute `http` or `https` URL in pieces.
 *
 * The *string* is cut, since `new URL()` would lose a bare `?` and rewrite the target. The fragment
 * is left out; an empty path is `/` (RFC 2616 §5.1.2).
 *
 * @throws {@link MacError} `ERR_MAC_HOST` for a relative URL (Bun makes one where the `Host` header
 *   is missing or malformed), `ERR_MAC_TARGET` for a target with a character that no request line
 *   can carry.
 */
export function cutUrl(url: string): UrlPieces {
  if (!startsWithPrefix(url, lastPrefix)) lastPrefix = prefixOf(url)
  const { text, scheme, authority } = lastPrefix
  const hash = url.indexOf('#', text.length)
  const end = hash === -1 ? url.length : hash
  const target = text.length === end ? '/' : url.slice(text.length, end)
  return { scheme, authority, target: checkTarget(target) }
}

/** What stands before the target. */
interface UrlPrefix {
  readonly text: string
  readonly scheme: HttpScheme
  readonly authority: string
}

/** That of the last URL: of most servers all requests have the same. */
let lastPrefix: UrlPrefix = { text: 'http://localhost', scheme: 'http', authority: 'localhost' }

function startsWithPrefix(url: string, { text }: UrlPrefix): boolean {
  return endsAuthority(url.charCodeAt(text.length)) && url.startsWith(text)
}

function prefixOf(url: string): UrlPrefix {
  const scheme = schemeOf(url)
  const start = scheme.length + 3
  let end = start
  while (end < url.length && !endsAuthority(url.charCodeAt(end))) end++
  return { text: url.slice(0, end), scheme, authority: url.slice(start, end) }
}

/**
 * A request target in origin-form: path and query, as every client sends it that does not speak to a
 * proxy (RFC 9112 §3.2.1).
 *
 * @throws {@link MacError} `ERR_MAC_TARGET` for another form, and for a character that no request
 *   line can carry.
 */
export function checkTarget(target: string): string {
  if (target.startsWith('/') && isVisible(target)) return target
  throw new MacError(
    'ERR_MAC_TARGET',
    'The request target is not a path and query in printable ASCII: percent-encode the rest.',
  )
}

/** The characters that end an authority: `/`, `?`, `#`, and `\`, which URL parsers take for `/`. */
function endsAuthority(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23 || code === 0x5c
}

function schemeOf(url: string): HttpScheme {
  const start = url.slice(0, 8).toLowerCase()
  if (start === 'https://') return 'https'
  if (start.startsWith('http://')) return 'http'
  throw new MacError(
    'ERR_MAC_HOST',
    'The runtime gives no absolute http URL for this request: its Host header is missing or malformed.',
  )
}

/** The method, if it is one (RFC 9110 §9.1). */
export function requestMethod(request: RequestHead): string {
  const { method } = request
  if (COMMON_METHODS.has(method) || METHOD.test(method)) return method
  throw new MacError('ERR_MAC_METHOD', 'The request method is no token of 64 characters or fewer.')
}

/**
 * Sees to it that header fields as node:http has them name one host. A `Request` does not show it
 * where there is none, over HTTP/1.0, and servers make one up; nor, on some, where over HTTP/2 `Host`
 * and `:authority` differ.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkNamedHost(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  scheme: HttpScheme,
): void {
  const { host, ':authority': authority } = headers
  if (host === undefined && authority === undefined) {
    throw new MacError('ERR_MAC_HOST', 'The request names no host: it has no Host header.')
  }
  if (host === undefined || authority === undefined || host === authority) return
  const [one, other] = [host, authority].map((each) => parseAuthority(String(each), scheme))
  if (one?.host === other?.host && one?.port === other?.port) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header says ${host}, and :authority says ${authority}.`,
  )
}

/**
 * The authority that a client signed: the `Host` header's, or the URL's where there is no such
 * header (HTTP/2, and a `Request` made by hand).
 *
 * Where both are there and name different hosts, there is no telling which one was signed, and the
 * request is refused: this happens with absolute-form targets, and where a framework rewrites
 * `request.url`. Forwarded headers are *not* read.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function requestAuthority(request: RequestHead, url: UrlPieces): Authority {
  const fromUrl = parseAuthority(url.authority, url.scheme)
  const header = request.headers.get('host')
  if (header === null || header === url.authority) return fromUrl
  const fromHeader = parseAuthority(header, url.scheme)
  if (fromHeader.host !== fromUrl.host || fromHeader.port !== fromUrl.port) {
    throw new MacError(
      'ERR_MAC_HOST',
      `The Host header says ${fromHeader.host}:${fromHeader.port} and the URL says ` +
        `${fromUrl.host}:${fromUrl.port}. Name the right one with the option origin.`,
    )
  }
  return fromHeader
}
