import { MacError } from '../errors.ts'
import { isVisible } from './characters.ts'
import type { HttpScheme } from './host.ts'

/** The parts of a URL. None of them is decoded or normalized. */
export interface UrlPieces {
  readonly scheme: HttpScheme
  readonly authority: string
  readonly target: string
}

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

/** Path and query in visible ASCII, without `#`. */
const RECEIVED_TARGET = /^\/[\x21\x22\x24-\x7e]*$/

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

/**
 * Returns a target whose query has `'` in place of each `%27`. `null` if the query has no `%27`, or has a `'`
 * already: then nothing has encoded that character.
 */
export function withRawQuotes(target: string): string | null {
  const mark = target.indexOf('?')
  if (mark === -1 || !target.includes('%27', mark) || target.includes("'", mark)) return null
  return target.slice(0, mark) + target.slice(mark).replaceAll('%27', "'")
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
