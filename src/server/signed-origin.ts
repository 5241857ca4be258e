import { MacError } from '../errors.ts'
import { type ForwardedFamily, forwardedAuthority } from '../protocol/forwarded.ts'
import { type Authority, type HttpScheme, parseAuthority } from '../protocol/host.ts'
import {
  cutUrl,
  type RequestOrigin,
  requestAuthority,
  requestMethod,
  type UrlPieces,
} from '../protocol/origin.ts'

/** An origin that clients sign, given by an option. */
export interface PinnedOrigin extends Authority {
  readonly scheme: HttpScheme
}

/** Where the signed origin comes from, when it is not the request itself. */
export type OriginRule = readonly PinnedOrigin[] | ((request: Request) => string | null)

/** How to find out what origin was signed. */
export interface OriginSettings {
  readonly origin: OriginRule | null
  readonly trustProxy: ForwardedFamily | null
}

/**
 * Reads the option `origin`.
 * @throws TypeError where it names no origin.
 */
export function pinOrigins(option: unknown): OriginRule {
  if (typeof option === 'function') return option as (request: Request) => string | null
  const list: unknown[] = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw new TypeError('must name at least one origin')
  return Object.freeze(list.map(pinOrigin))
}

function pinOrigin(value: unknown): PinnedOrigin {
  const rule = `must be an origin such as "https://api.example.com", not ${JSON.stringify(value)}`
  if (typeof value !== 'string' || !/^https?:\/\/[^/?#\\]+\/?$/i.test(value)) {
    throw new TypeError(rule)
  }
  try {
    const { scheme, authority } = cutUrl(value)
    return Object.freeze({ scheme, ...parseAuthority(authority, scheme) })
  } catch (cause) {
    throw new TypeError(`${rule}: ${(cause as Error).message}`, { cause })
  }
}

/**
 * What the client signed of the request line and its origin.
 *
 * @throws {@link MacError} where that cannot be told for certain.
 */
export function signedOrigin(request: Request, settings: OriginSettings): RequestOrigin {
  const url = cutUrl(request.url)
  const { host, port } = signedAuthority(request, url, settings)
  return { method: requestMethod(request), target: url.target, host, port }
}

function signedAuthority(request: Request, url: UrlPieces, settings: OriginSettings): Authority {
  const { origin, trustProxy } = settings
  if (typeof origin === 'function') return computedOrigin(request, origin)
  if (origin !== null) return choose(request, url, origin)
  if (trustProxy !== null) return forwardedAuthority(request, url, trustProxy)
  return requestAuthority(request, url)
}

function computedOrigin(request: Request, origin: (request: Request) => string | null): Authority {
  let pinned: PinnedOrigin | null
  try {
    const computed = origin(request)
    pinned = computed === null ? null : pinOrigin(computed)
  } catch (cause) {
    throw new MacError('ERR_MAC_CALLBACK', 'The function given as origin failed.', { cause })
  }
  if (pinned !== null) return pinned
  throw new MacError(
    'ERR_MAC_ORIGIN',
    'The function given as origin knows no origin for the request.',
  )
}

/**
 * The pinned origin that the request speaks of: one origin needs no choice, several are told apart by
 * the `Host` header. Where two differ in their scheme alone, the request's own scheme decides.
 */
function choose(request: Request, url: UrlPieces, origins: readonly PinnedOrigin[]): Authority {
  const [first] = origins
  if (origins.length === 1 && first !== undefined) return first
  const header = request.headers.get('host') ?? url.authority
  const matches = origins.filter(({ scheme, host, port }) => {
    const named = parseAuthority(header, scheme)
    return named.host === host && named.port === port
  })
  const chosen =
    matches.length === 1 ? matches[0] : matches.find(({ scheme }) => scheme === url.scheme)
  if (chosen !== undefined) return chosen
  throw new MacError(
    'ERR_MAC_ORIGIN',
    `None of the pinned origins matches the Host header ${JSON.stringify(header)}.`,
  )
}
