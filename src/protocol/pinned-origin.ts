import { MacError } from '../errors.ts'
import { type Authority, defaultPort, type HttpScheme, parseAuthority } from './host.ts'
import type { RequestHead } from './request-head.ts'
import { cutUrl, type UrlPieces } from './url-pieces.ts'

/** An origin that clients sign: from the option `origin`, or from the fields of a proxy. */
export interface Origin extends Authority {
  readonly scheme: HttpScheme
}

/**
 * Parses one origin, or a list of them.
 * @throws TypeError if it is not valid.
 */
export function pinOrigins(option: unknown): readonly Origin[] {
  const list: unknown[] = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw new TypeError('must name at least one origin')
  const different = new Map(list.map(pinOrigin).map((origin) => [JSON.stringify(origin), origin]))
  return Object.freeze([...different.values()])
}

/**
 * Parses one origin.
 * @throws TypeError if it is not valid.
 */
export function pinOrigin(value: unknown): Origin {
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

/** Writes an origin as a URL has it: without the default port of its scheme. */
export function originText({ scheme, host, port }: Origin): string {
  return `${scheme}://${host}${port === defaultPort(scheme) ? '' : `:${port}`}`
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
  origins: readonly Origin[],
): Origin {
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

function matchesOrigin({ scheme, host, port }: Origin, authority: string): boolean {
  const named = parseAuthority(authority, scheme)
  return named.host === host && named.port === port
}
