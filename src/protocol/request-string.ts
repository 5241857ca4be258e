import { MacError } from '../errors.ts'
import { isVisible } from './characters.ts'
import type { RequestOrigin } from './origin.ts'

/** All that the MAC covers (draft §3.2.1). */
export interface CoveredRequest extends RequestOrigin {
  readonly ts: string
  readonly nonce: string
  /** `null`, or the empty string, where there is none: both give the same request string. */
  readonly ext: string | null
}

/**
 * The normalized request string (draft §3.2.1): timestamp, nonce, method in upper case,
 * request-URI, host in lower case, port and `ext`, each followed by one line feed, also when empty.
 *
 * The draft's own printed example joins them with CR LF and is wrong by its own rules.
 *
 * Two requests that differ in anything covered have different strings: an element that holds a line
 * feed is refused, and so are a method and a host outside ASCII, whose case could fold into another.
 * It does *not* check the elements otherwise.
 *
 * @throws {@link MacError} `ERR_MAC_METHOD`, `ERR_MAC_HOST` or `ERR_MAC_TARGET`.
 */
export function requestString(request: CoveredRequest): string {
  const { method, host } = request
  if (!isVisible(method)) throw new MacError('ERR_MAC_METHOD')
  if (!isVisible(host)) throw new MacError('ERR_MAC_HOST')
  const text = joinCovered(request, request)
  if (countLines(text) !== 7) {
    throw new MacError('ERR_MAC_TARGET', 'An element of the request holds a line feed.')
  }
  return text
}

/**
 * The same of elements that were checked before: what `parseAuthorization`, `requestMethod`,
 * `checkTarget` and `parseAuthority` gave holds no line feed, and no letter outside ASCII.
 */
export function joinCovered(
  { method, target, host, port }: RequestOrigin,
  { ts, nonce, ext }: Pick<CoveredRequest, 'ts' | 'nonce' | 'ext'>,
): string {
  return `${ts}\n${nonce}\n${method.toUpperCase()}\n${target}\n${host.toLowerCase()}\n${port}\n${ext ?? ''}\n`
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
