import { MacError } from '../errors.ts'
import { isVisible, TOKEN } from './characters.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'

/** The part of a `Request` that shows what was signed. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/** The method, target, host and port that the MAC covers (draft §3.2.1). */
export interface RequestOrigin extends Authority {
  readonly method: string
  /** The request-URI, byte for byte, as far as the runtime shows it. */
  readonly target: string
}

/** The parts of a URL. None of them is decoded or normalized. */
export interface UrlPieces {
  readonly scheme: HttpScheme
  readonly authority: string
  readonly target: string
}

/** Path and query in visible ASCII, without `#`. */
const RECEIVED_TARGET = /^\/[\x21\x22\x24-\x7e]*$/
const METHOD = new RegExp(`^[${TOKEN}]{1,64}$`)
/** Methods that need no check: every runtime knows them, and sends them unchanged. */
export const COMMON_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
])

/**
 * Splits an absolute `http` or `https` URL into its parts, without the fragment, which clients do not send.
 *
 * @throws {@link MacError} See {@link cutReceivedUrl}.
 */
export function cutUrl(url: string): UrlPieces {
  const fragment = url.indexOf('#')
  return cutReceivedUrl(fragment === -1 ? url : url.slice(0, fragment))
}

/**
 * Splits the URL of a received request into its parts. An empty path is `/` (RFC 2616 §5.1.2).
 *
 * It splits the *string*, because `new URL()` would lose a single `?` and change the target. A fragment is
 * rejected: no client sends one, so no MAC covers it, but handlers and routers would see it.
 *
 * @throws {@link MacError} `ERR_MAC_HOST` for a relative URL (which Bun creates if the `Host` header is
 *   missing or malformed), `ERR_MAC_TARGET` for a target with a character that a request line cannot
 *   contain.
 */
export function cutReceivedUrl(url: string): UrlPieces {
  if (!startsWithPrefix(url, lastPrefix)) lastPrefix = prefixOf(url)
  const { text, scheme, authority } = lastPrefix
  const target = text.length === url.length ? '/' : url.slice(text.length)
  return { scheme, authority, target: checkReceivedTarget(target) }
}

/** The part of a URL before the target. */
interface UrlPrefix {
  readonly text: string
  readonly scheme: HttpScheme
  readonly authority: string
}

/** The prefix of the last URL. On most servers, all requests have one prefix. */
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
 * Checks a request target in origin-form: path and query, as clients send it, except to a proxy (RFC 9112
 * §3.2.1). Returns the target.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET` for another form, and for a character that a request line cannot
 *   contain.
 */
export function checkTarget(target: string): string {
  if (target.startsWith('/') && isVisible(target)) return target
  throw new MacError(
    'ERR_MAC_TARGET',
    'The request target is not a path and query in printable ASCII: percent-encode the rest.',
  )
}

/**
 * Checks a request target as {@link checkTarget} does, and also rejects a fragment. Returns the target.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET`
 */
export function checkReceivedTarget(target: string): string {
  if (RECEIVED_TARGET.test(target)) return target
  if (!target.includes('#')) return checkTarget(target)
  throw new MacError(
    'ERR_MAC_TARGET',
    'The request target holds a fragment, which is a # and the text after it. Clients do not send fragments, so ' +
      'something between the client and this server has added it.',
  )
}

/** Whether a character ends an authority: `/`, `?`, `#`, and `\`, which URL parsers read as `/`. */
function endsAuthority(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23 || code === 0x5c
}

function schemeOf(url: string): HttpScheme {
  const start = url.slice(0, 8).toLowerCase()
  if (start === 'https://') return 'https'
  if (start.startsWith('http://')) return 'http'
  throw new MacError(
    'ERR_MAC_HOST',
    'The runtime shows no absolute http URL for this request: its Host header is missing or malformed.',
  )
}

/** Checks and returns the method (RFC 9110 §9.1). */
export function requestMethod(request: RequestHead): string {
  const { method } = request
  if (COMMON_METHODS.has(method) || METHOD.test(method)) return method
  throw new MacError(
    'ERR_MAC_METHOD',
    'The request method is not a token of at most 64 characters.',
  )
}

/**
 * Checks the hosts in the header fields of node:http. A `Request` does not show that there is no host (over
 * HTTP/1.0): servers invent one. Some also do not show that `Host` and `:authority` differ (over HTTP/2).
 *
 * @param hostIsSigned Whether these fields contain the signed host. Then there must be exactly one host.
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
    throw new MacError('ERR_MAC_HOST', 'The request has no host: it has no Host header.')
  }
  if (one === null || other === null || isSameAuthority(one, other)) return
  throw new MacError('ERR_MAC_HOST', `The Host header is ${host}, but :authority is ${authority}.`)
}

/** The hosts that a request shows. */
interface ShownHosts {
  readonly url: Authority
  /** That of the `Host` header; if there is none (HTTP/2, or a `Request` made by hand), that of the URL. */
  readonly header: Authority
}

/**
 * Parses the hosts of the URL and of the `Host` header. Both must be well-formed, even if the signed host
 * comes from elsewhere: some servers put the `Host` header unchanged before the target, so that with
 * `a.example/x` or `a.example/x#` the handler would see another path than the one that was sent.
 *
 * It does *not* check that the two hosts are equal.
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
 * Rejects a request whose URL has a host or port that differs from the `Host` header and from the signed
 * origin. A target in absolute-form has its own host, which a handler would see in the URL.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkUrlHost({ url, header }: ShownHosts, signed: Authority): void {
  const host = url.host === header.host || url.host === signed.host
  const port = url.port === header.port || url.port === signed.port
  if (host && port) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The URL has ${formatAuthority(url)}, but the Host header has ${formatAuthority(header)}, and clients sign ` +
      `${formatAuthority(signed)}. Set the right one with the option origin.`,
  )
}

/** Elysia looks for the first `/` of the path from this position on: after `http://` and four characters. */
const MIN_PATH_POSITION = 11

/**
 * Rejects a request whose URL has so short an authority that Elysia would read a wrong path: for
 * `http://ab/files/admin` it reads `/admin`.
 *
 * @param signed The signed authority, which may be short, because an attacker cannot change it; `null` if the
 *   client must not choose it either.
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function checkUrlStart({ scheme, authority }: UrlPieces, signed: Authority | null): void {
  if (scheme.length + 3 + authority.length >= MIN_PATH_POSITION) return
  if (signed !== null && parseAuthority(authority, scheme).host === signed.host) return
  throw new MacError(
    'ERR_MAC_HOST',
    `The URL has the host ${JSON.stringify(authority)}, which is too short: some frameworks would read another ` +
      'path than the one that was signed. Let the proxy pass on the Host of the client, or a host of at least ' +
      'four characters.',
  )
}

/**
 * Returns the authority that a client signed: that of the `Host` header. If there is none (HTTP/2, or a
 * `Request` made by hand), that of the URL.
 *
 * If the two differ, it is not certain which one was signed, and the request is rejected. This happens with
 * absolute-form targets, and if a framework changes `request.url`. It does *not* read forwarded fields.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function requestAuthority(request: RequestHead, url: UrlPieces): Authority {
  const shown = shownHosts(request, url)
  if (isSameAuthority(shown.header, shown.url)) return shown.header
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header has ${formatAuthority(shown.header)}, but the URL has ` +
      `${formatAuthority(shown.url)}. Set the right one with the option origin.`,
  )
}

function isSameAuthority(one: Authority, other: Authority): boolean {
  return one === other || (one.host === other.host && one.port === other.port)
}

function formatAuthority({ host, port }: Authority): string {
  return `${host}:${port}`
}

/** An origin that clients sign, from the option `origin`. */
export interface PinnedOrigin extends Authority {
  readonly scheme: HttpScheme
}

/**
 * Parses one origin, or a list of them.
 * @throws TypeError if it is not valid.
 */
export function pinOrigins(option: unknown): readonly PinnedOrigin[] {
  const list: unknown[] = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw new TypeError('must name at least one origin')
  const different = new Map(list.map(pinOrigin).map((origin) => [JSON.stringify(origin), origin]))
  return Object.freeze([...different.values()])
}

/**
 * Parses one origin.
 * @throws TypeError if it is not valid.
 */
export function pinOrigin(value: unknown): PinnedOrigin {
  const rule = `must be an origin such as "https://api.example.com", not ${describeValue(value)}`
  if (typeof value !== 'string' || !/^https?:\/\/[^/?#\\]+\/?$/i.test(value)) {
    const isSocket = typeof value === 'string' && /^wss?:/i.test(value)
    throw new TypeError(
      isSocket ? `${rule}: for a WebSocket, write the origin with http or https` : rule,
    )
  }
  try {
    const { scheme, authority } = cutUrl(value)
    return Object.freeze({ scheme, ...parseAuthority(authority, scheme) })
  } catch (cause) {
    throw new TypeError(`${rule}: ${(cause as Error).message}`, { cause })
  }
}

function describeValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * Returns the pinned origin of a request. If there are several, the `Host` header decides. If two differ only
 * in their scheme, the scheme of the request decides.
 *
 * It rejects a request whose URL matches another pinned origin than its `Host` header, as with a target in
 * absolute-form: a handler that reads the URL would act for the other origin.
 *
 * @throws {@link MacError} `ERR_MAC_ORIGIN` if none matches, `ERR_MAC_HOST` if two match.
 */
export function chooseOrigin(
  request: RequestHead,
  url: UrlPieces,
  origins: readonly PinnedOrigin[],
): PinnedOrigin {
  const [first] = origins
  if (origins.length === 1 && first !== undefined) return first
  const header = request.headers.get('host') ?? url.authority
  const matches = origins.filter((origin) => matchesOrigin(origin, header))
  const chosen =
    matches.length === 1 ? matches[0] : matches.find(({ scheme }) => scheme === url.scheme)
  if (chosen === undefined) {
    throw new MacError(
      'ERR_MAC_ORIGIN',
      `None of the pinned origins matches the Host header ${JSON.stringify(header)}.`,
    )
  }
  if (header === url.authority || matchesOrigin(chosen, url.authority)) return chosen
  if (!origins.some((origin) => matchesOrigin(origin, url.authority))) return chosen
  throw new MacError(
    'ERR_MAC_HOST',
    `The Host header ${JSON.stringify(header)} and the URL's host ${JSON.stringify(url.authority)} match ` +
      'two different pinned origins.',
  )
}

function matchesOrigin({ scheme, host, port }: PinnedOrigin, authority: string): boolean {
  const named = parseAuthority(authority, scheme)
  return named.host === host && named.port === port
}
