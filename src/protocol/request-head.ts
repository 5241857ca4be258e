import { MacError } from '../errors.ts'
import { TOKEN } from './characters.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'
import type { UrlPieces } from './url-pieces.ts'

/** The part of a `Request` that shows what was signed. */
export interface RequestHead {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

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
 * The header fields that show what a client signed, or from which a server finds it out.
 * Reports of rejected requests contain only these: no cookies, and no fields with tokens of other schemes.
 */
export const REPORTED_HEADERS: readonly string[] = [
  'authorization',
  'host',
  'forwarded',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-path',
  'x-forwarded-prefix',
  'x-forwarded-uri',
  'x-envoy-original-path',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-replaced-path',
  'x-rewrite-url',
  'x-script-name',
  'x-waws-unencoded-url',
]

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
