import { MacError } from '../errors.ts'
import { emptyPayload, type Payload } from './payload.ts'
import { withoutCarets } from './url-parts.ts'
import { isPrivate } from './wire.ts'

/** One request of a chain of redirects. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly payload: Payload
  /** Whether it must be signed. */
  readonly signed: boolean
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Header fields that describe a body (Fetch standard, "request-body-header name"), and its length. */
const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]
/** Header fields for one origin only. All runtimes remove them if the origin changes. */
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host']

/** Returns the target of a redirect. `null` if the response is not a redirect. */
export function locationOf(response: Response): string | null {
  if (response.type === 'opaqueredirect') {
    throw redirectError(
      'Browsers do not show where it leads, so it cannot be signed. Request the final URL',
    )
  }
  return REDIRECTS.has(response.status) ? response.headers.get('location') : null
}

/**
 * Returns the request that follows a redirect. Method and body change as in the Fetch standard
 * ("HTTP-redirect fetch"). For signatures, these rules hold:
 *
 * - A redirect to the same origin is signed again. It is an error if it came over plain `http:` from
 *   another machine: an attacker on the way could have written it, to choose what is signed.
 * - A redirect to another origin gets no signature, `Cookie` or `Proxy-Authorization`. The redirects
 *   after it are not signed either, not even back to the first origin: the other server chose the target.
 * - A redirect from `https:` to `http:` is an error.
 *
 * If the request after a redirect has no body, it has a new payload. The caller must drop the old one.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_REDIRECT` if the redirect must not be followed.
 */
export function nextHop(hop: Hop, status: number, location: string, trustPlainHttp: boolean): Hop {
  const url = readLocation(location, hop.url)
  const sameOrigin = url.origin === hop.url.origin
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw redirectError(
      `It leads from ${hop.url.origin} to ${url.origin}, where attackers on the way can read the request`,
    )
  }
  if (hop.signed && sameOrigin && !trustPlainHttp && !isPrivate(url)) {
    throw redirectError(
      `It came over plain http from ${url.host}, so an attacker could have chosen what is signed next. Use ` +
        'https, or the option trustPlainHttp',
    )
  }
  const headers = new Headers(hop.headers)
  const toGet =
    status === 303
      ? hop.method !== 'GET' && hop.method !== 'HEAD'
      : (status === 301 || status === 302) && hop.method === 'POST'
  if (toGet) {
    removeHeaders(headers, BODY_HEADERS)
  } else if (hop.payload.present && !hop.payload.repeatable) {
    throw redirectError('The body was a stream or too large to keep, so it cannot be sent again')
  }
  if (!sameOrigin) removeHeaders(headers, ORIGIN_HEADERS)
  return {
    url,
    method: toGet ? 'GET' : hop.method,
    headers,
    payload: toGet ? emptyPayload(hop.payload.digest !== null) : hop.payload,
    signed: hop.signed && sameOrigin,
  }
}

function removeHeaders(headers: Headers, names: readonly string[]): void {
  for (const name of names) headers.delete(name)
}

export function tooManyRedirectsError(maxRedirects: number): MacError {
  return redirectError(`There were more than ${maxRedirects} redirects in a row`)
}

function readLocation(location: string, from: URL): URL {
  let url: URL
  try {
    url = new URL(location, from)
  } catch {
    throw redirectError('Its Location is not a valid URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw redirectError(`It leads to ${url.protocol}, but only http: and https: are followed`)
  }
  if (url.username !== '' || url.password !== '') {
    throw redirectError('Its Location holds a user name or password')
  }
  return withoutCarets(url)
}

function redirectError(why: string): MacError {
  return new MacError('ERR_MAC_CLIENT_REDIRECT', `A redirect was not followed. ${why}.`)
}
