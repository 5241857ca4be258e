import { type Authority, parseAuthority } from '../protocol/host.ts'
import { cutUrl } from '../protocol/url-pieces.ts'

// In browsers, `web/url-parts.ts` replaces this file.

/** The parts of a URL that a MAC covers. */
export interface UrlParts extends Authority {
  /** Path and query, as on the request line. */
  readonly target: string
}

/**
 * Returns the parts of an http or https URL without user name and password.
 * @throws {@link MacError} if not every server would read the host in the same way. The code is for servers.
 */
export function urlParts({ href }: URL): UrlParts {
  const { scheme, authority, target } = cutUrl(href)
  const { host, port } = parseAuthority(authority, scheme)
  return { host, port, target }
}

/**
 * Writes `^` in a path as `%5E`, as the URL standard requires. Deno, and Node up to 22, do not do this. A
 * server that does it would see another target than the signed one.
 */
export function withoutCarets(url: URL): URL {
  if (!url.pathname.includes('^')) return url
  const changed = new URL(url)
  changed.pathname = url.pathname.replaceAll('^', '%5E')
  return changed
}
