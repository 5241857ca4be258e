import { MacError } from '../errors.ts'
import { cutUrl, requestMethod } from '../protocol/origin.ts'
import type { VerifiedTarget } from '../types.ts'
import { askReceivedTarget, type ReceivedTarget, targetOf } from './request-origin.ts'

/** The path of a request target, as it was signed: nothing is decoded. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

/** The target that the MAC is checked over. */
export function signedTarget(request: Request, receivedTarget: ReceivedTarget | null): string {
  return targetOf(askReceivedTarget(receivedTarget), cutUrl(request.url))
}

/**
 * What a function may decide by that looks at the request line.
 *
 * @throws {@link MacError} as {@link unambiguous} does.
 */
export function verifiedTarget(
  request: Request,
  receivedTarget: ReceivedTarget | null,
): VerifiedTarget {
  const target = signedTarget(request, receivedTarget)
  return unambiguous({ method: requestMethod(request), target })
}

/** Each fault with how the message names it. */
const AMBIGUOUS: readonly (readonly [fault: RegExp, name: string])[] = [
  [/\\|%5c/i, 'a backslash'],
  // The unreserved characters of RFC 3986 §2.3, the dot among them.
  [/%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i, 'a character that needs no encoding'],
  [/\/\.{1,2}(?:\/|$)/, 'a dot segment'],
  [/\/\//, 'an empty segment'],
]
const CONTROL = /[\p{Cc}\u2028\u2029]/u

/**
 * Reads a request line whose path every router reads alike, whether it decodes or normalizes or not.
 * Otherwise the signer could choose how a function reads a path, and have the application read another.
 *
 * @throws {@link MacError} `ERR_MAC_TARGET`, `ERR_MAC_METHOD`
 */
export function unambiguous(line: {
  readonly method: string
  readonly target: string
}): VerifiedTarget {
  const { method } = line
  if (method !== method.toUpperCase()) {
    throw new MacError('ERR_MAC_METHOD', 'The request method is not in upper case.')
  }
  const path = pathOf(line.target)
  const fault = AMBIGUOUS.find(([pattern]) => pattern.test(path))
  if (fault !== undefined) throw ambiguous(fault[1])
  const decoded = path.includes('%') ? decodedOnce(path) : path
  if (decoded === null) throw ambiguous('an escape that is not UTF-8')
  if (CONTROL.test(decoded)) throw ambiguous('a control character')
  return { method, path: decoded }
}

function decodedOnce(path: string): string | null {
  const kept = path.replace(/%(25|2f)/gi, (_, hex: string) => `%25${hex.toUpperCase()}`)
  return decoded(kept)
}

/** Decodes percent-encoding; `null` for what is not UTF-8, and for a `%` without two digits. */
export function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function ambiguous(what: string): MacError {
  return new MacError(
    'ERR_MAC_TARGET',
    `The path of the request target has ${what}, so it can be read in two ways: sign and send it without.`,
  )
}
