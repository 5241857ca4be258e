import { MacError } from '../errors.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'
import { isVisible } from './text.ts'

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

/** Path and query in visible ASCII, without `#`. */
const RECEIVED_TARGET = /^\/[\x21\x22\x24-\x7e]*$/
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
 * Cuts an absolute `http` or `https` URL in pieces, as a client sends it: without the fragment.
 *
 * @throws {@link MacError} as {@link cutReceivedUrl} does.
 */
export function cutUrl(url: string): UrlPieces {
  const fragment = url.indexOf('#')
  return cutReceivedUrl(fragment === -1 ? url : url.slice(0, fragment))
}

/**
 * Cuts the URL of a received request in pieces. An empty path is `/` (RFC 2616 §5.1.2).
 *
 * The *string* is cut, since `new URL()` would lose a bare `?` and rewrite the target. A fragment is
 * rejected: no client sends one, so no MAC covers it, but handlers and routers would see it.
 *
 * @throws {@link MacError} `ERR_MAC_HOST` for a relative URL (Bun makes one where the `Host` header
 *   is missing or malformed), `ERR_MAC_TARGET` for a target with a character that no request line
 *   can carry.
 */
export function cutReceivedUrl(url: string): UrlPieces {
  if (!startsWithPrefix(url, lastPrefix)) lastPrefix = prefixOf(url)
  const { text, scheme, authority } = lastPrefix
  const target = text.length === url.length ? '/' : url.slice(text.length)
  return { scheme, authority, target: checkReceivedTarget(target) }
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

/**
 * The same of a target that was received: one with a fragment is rejected as well.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET`
 */
export function checkReceivedTarget(target: string): string {
  if (RECEIVED_TARGET.test(target)) return target
  if (!target.includes('#')) return checkTarget(target)
  throw new MacError(
    'ERR_MAC_TARGET',
    'The request target holds a fragment, a # and what follows it. Clients leave it out of what they ' +
      'send, so something else put it there.',
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
 * Checks the hosts that header fields as node:http has them name. A `Request` does not show it where
 * there is none, over HTTP/1.0, and servers make one up; nor, on some, where over HTTP/2 `Host` and
 * `:authority` differ.
 *
 * @param hostIsSigned Whether what they name is what was signed: then there must be one host, and one only.
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkNamedHost(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  scheme: HttpScheme,
  hostIsSigned: boolean,
): void {
  const { host, ':authority': authority } = headers
  const one = host === undefined ? null : parseAuthority(String(host), scheme)
  const other = authority === undefined ? null : parseAuthority(String(authority), scheme)
  if (!hostIsSigned) return
  if (one === null && other === null) {
    throw new MacError('ERR_MAC_HOST', 'The request names no host: it has no Host header.')
  }
  if (one === null || other === null || isSame(one, other)) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header says ${host}, and :authority says ${authority}.`,
  )
}

/** The hosts that a request shows. */
interface ShownHosts {
  readonly url: Authority
  /** The `Host` header's; the URL's if there is no such header (HTTP/2, and a `Request` made by hand). */
  readonly header: Authority
}

/**
 * Reads the hosts of the URL and of the `Host` header. Both must be well-formed also if something else
 * says what was signed: some servers put the `Host` header before the target as it is, so that
 * `a.example/x` or `a.example/x#` there gives a handler another path than the one that was sent.
 *
 * It does *not* check that they name the same host.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function shownHosts(request: RequestHead, url: UrlPieces): ShownHosts {
  const ofUrl = parseAuthority(url.authority, url.scheme)
  const header = request.headers.get('host')
  if (header === null || header === url.authority) return { url: ofUrl, header: ofUrl }
  return { url: ofUrl, header: parseAuthority(header, url.scheme) }
}

/**
 * Rejects a request whose URL has a host or port that is neither the `Host` header's nor the signed
 * origin's. A target in absolute-form names its own host, which a handler would see in the URL.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkUrlHost({ url, header }: ShownHosts, signed: Authority): void {
  const host = url.host === header.host || url.host === signed.host
  const port = url.port === header.port || url.port === signed.port
  if (host && port) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The URL says ${written(url)}, which is neither what the Host header says (${written(header)}) nor ` +
      `what clients sign (${written(signed)}). Name the right one with the option origin.`,
  )
}

/** From here on Elysia looks for the `/` with which the path begins: `http://` and four characters. */
const PATH_LOOKED_FOR = 11

/**
 * Rejects a request whose URL has so short an authority that Elysia would find the path one segment later
 * than it begins: of `http://ab/files/admin` it takes `/admin`.
 *
 * @param signed What was signed, which nobody on the way can make shorter; `null` where the signer
 *   must not choose either.
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkUrlStart({ scheme, authority }: UrlPieces, signed: Authority | null): void {
  if (scheme.length + 3 + authority.length >= PATH_LOOKED_FOR) return
  if (signed !== null && parseAuthority(authority, scheme).host === signed.host) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The URL has the host ${JSON.stringify(authority)}, which is too short: some frameworks find another ` +
      'path behind it than the one that was signed. Have the proxy pass on the Host that clients name, or ' +
      'one of four characters or more.',
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
  const shown = shownHosts(request, url)
  if (isSame(shown.header, shown.url)) return shown.header
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header says ${written(shown.header)} and the URL says ` +
      `${written(shown.url)}. Name the right one with the option origin.`,
  )
}

function isSame(one: Authority, other: Authority): boolean {
  return one === other || (one.host === other.host && one.port === other.port)
}

function written({ host, port }: Authority): string {
  return `${host}:${port}`
}

/** An origin that clients sign. */
export interface PinnedOrigin extends Authority {
  readonly scheme: HttpScheme
}

/**
 * Reads one origin or a list of them.
 * @throws TypeError where it is something else.
 */
export function pinOrigins(option: unknown): readonly PinnedOrigin[] {
  const list: unknown[] = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw new TypeError('must name at least one origin')
  const different = new Map(list.map(pinOrigin).map((origin) => [JSON.stringify(origin), origin]))
  return Object.freeze([...different.values()])
}

/**
 * Reads one origin.
 * @throws TypeError where it is none.
 */
export function pinOrigin(value: unknown): PinnedOrigin {
  const rule = `must be an origin such as "https://api.example.com", not ${shown(value)}`
  if (typeof value !== 'string' || !/^https?:\/\/[^/?#\\]+\/?$/i.test(value)) {
    const socket = typeof value === 'string' && /^wss?:/i.test(value)
    throw new TypeError(
      socket ? `${rule}: the origin of a WebSocket is that of http or https` : rule,
    )
  }
  try {
    const { scheme, authority } = cutUrl(value)
    return Object.freeze({ scheme, ...parseAuthority(authority, scheme) })
  } catch (cause) {
    throw new TypeError(`${rule}: ${(cause as Error).message}`, { cause })
  }
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * The pinned origin that the request speaks of: one origin needs no choice, several are told apart by
 * the `Host` header. Where two differ in their scheme alone, the request's own scheme decides.
 *
 * Of several it rejects a request whose URL names another one than the `Host` header: a target in
 * absolute-form does, and a handler that goes by the URL would answer for the other.
 *
 * @throws {@link MacError} `ERR_MAC_ORIGIN` if none fits, `ERR_MAC_HOST` if two are named.
 */
export function chooseOrigin(
  request: RequestHead,
  url: UrlPieces,
  origins: readonly PinnedOrigin[],
): PinnedOrigin {
  const [first] = origins
  if (origins.length === 1 && first !== undefined) return first
  const header = request.headers.get('host') ?? url.authority
  const matches = origins.filter((origin) => isNamed(origin, header))
  const chosen =
    matches.length === 1 ? matches[0] : matches.find(({ scheme }) => scheme === url.scheme)
  if (chosen === undefined) {
    throw new MacError(
      'ERR_MAC_ORIGIN',
      `None of the pinned origins matches the Host header ${JSON.stringify(header)}.`,
    )
  }
  if (header === url.authority || isNamed(chosen, url.authority)) return chosen
  if (!origins.some((origin) => isNamed(origin, url.authority))) return chosen
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header ${JSON.stringify(header)} and the URL's ${JSON.stringify(url.authority)} name ` +
      'two of the pinned origins.',
  )
}

function isNamed({ scheme, host, port }: PinnedOrigin, authority: string): boolean {
  const named = parseAuthority(authority, scheme)
  return named.host === host && named.port === port
}
