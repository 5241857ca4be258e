import { MacError } from '../errors.ts'
import { type Authority, type HttpScheme, parseAuthority } from './host.ts'
import { cutUrl, type RequestHead, type UrlPieces } from './origin.ts'

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
