import { MacError } from '../errors.ts'
import type { SignOptions, UnsignedRequest } from './options.ts'
import type { WireUrl } from './wire.ts'

/**
 * Sees to it that the caller's own header fields leave the signature room, and its host: Bun sends a
 * `Host` that is set, and all others drop it.
 *
 * @throws {@link MacError} `ERR_MAC_CLIENT_HEADER`
 */
export function checkHeaders(headers: Headers, url: WireUrl): void {
  const authorization = headers.get('authorization')
  if (authorization !== null && !/^mac(?:[ \t]|$)/i.test(authorization)) {
    throw new MacError(
      'ERR_MAC_CLIENT_HEADER',
      'The request has an Authorization of another scheme, and can have one alone. Take it out, or do not sign.',
    )
  }
  const host = headers.get('host')
  if (host === null) return
  const { host: named } = new URL(url.origin)
  if (host.toLowerCase() === named) return
  throw new MacError(
    'ERR_MAC_CLIENT_HEADER',
    `The Host header says ${JSON.stringify(host)} and the URL ${JSON.stringify(named)}, and most ` +
      'runtimes send the one of the URL. Take the header out; to sign for another host than the one ' +
      'you connect to, there is signHeaders.',
  )
}

/** The application's part of `ext` for one request. */
export function extFor(ext: SignOptions['ext'], request: UnsignedRequest): string | null {
  const value = typeof ext === 'function' ? ext(request) : (ext ?? null)
  if (value === null || typeof value === 'string') return value
  throw new TypeError('withmac: the function given as ext must return a string or null.')
}
