import { MacError } from '../errors.ts'
import { noPayload, type Payload } from './payload.ts'
import { isPrivate, withoutCarets } from './wire.ts'

/** A request on its way, to where the redirects have led so far. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly payload: Payload
  /** Whether it is to be signed. */
  readonly signed: boolean
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What describes a body (Fetch standard, "request-body-header name"), with its length. */
const OF_THE_BODY = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
]
/** What is meant for one origin alone: all runtimes take these out. */
const OF_THE_ORIGIN = ['authorization', 'proxy-authorization', 'cookie', 'host']

/** Where an answer redirects to, or `null` where it does not. */
export function locationOf(response: Response): string | null {
  if (response.type === 'opaqueredirect') {
    throw refused('This runtime does not show where a redirect leads, so that it cannot be signed')
  }
  return REDIRECTS.has(response.status) ? response.headers.get('location') : null
}

/**
 * Where a redirect leads: method and body by the Fetch standard ("HTTP-redirect fetch"), and what
 * concerns signatures:
 *
 * - On the same origin it is signed anew. Not where it came over plain `http:` from another machine:
 *   anybody on the way could have written it, and would choose what is signed.
 * - Another origin gets no signature, `Cookie` or `Proxy-Authorization`. What follows is never signed
 *   again, not even back on the first origin: its target would be chosen by a stranger.
 * - From `https:` it never leads to `http:`.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_REDIRECT`
 */
export function nextHop(hop: Hop, status: number, location: string, trustPlainHttp: boolean): Hop {
  const url = target(location, hop.url)
  const sameOrigin = url.origin === hop.url.origin
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw refused(
      `It leads from ${hop.url.origin} to ${url.origin}, where everybody can read along`,
    )
  }
  if (hop.signed && sameOrigin && !trustPlainHttp && !isPrivate(url)) {
    throw refused(
      `It came over plain http from ${url.host}, where anybody on the way may have written it, and ` +
        'would choose what is signed next: use https, or the option trustPlainHttp',
    )
  }
  const headers = new Headers(hop.headers)
  const toGet =
    status === 303
      ? hop.method !== 'GET' && hop.method !== 'HEAD'
      : (status === 301 || status === 302) && hop.method === 'POST'
  if (toGet) for (const name of OF_THE_BODY) headers.delete(name)
  else if (hop.payload.present && !hop.payload.repeatable) {
    throw refused('The body was a stream, or too large to be kept, and cannot be sent again')
  }
  if (!sameOrigin) for (const name of OF_THE_ORIGIN) headers.delete(name)
  return {
    url,
    method: toGet ? 'GET' : hop.method,
    headers,
    payload: toGet ? noPayload(hop.payload.digest !== null) : hop.payload,
    signed: hop.signed && sameOrigin,
  }
}

/** @throws {@link MacError} `ERR_MAC_CLIENT_REDIRECT`, always. */
export function tooManyRedirects(most: number): never {
  throw refused(`There were more than ${most} in a row`)
}

function target(location: string, from: URL): URL {
  let url: URL
  try {
    url = new URL(location, from)
  } catch {
    throw refused('Its Location is no URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(`It leads to ${url.protocol}, and only http: and https: are followed`)
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('Its Location holds a user name or password')
  }
  return withoutCarets(url)
}

function refused(why: string): MacError {
  return new MacError('ERR_MAC_CLIENT_REDIRECT', `A redirect was not followed. ${why}.`)
}
