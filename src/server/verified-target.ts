import { MacError } from '../errors.ts'
import { requestMethod } from '../protocol/request-head.ts'
import type { VerifiedTarget } from '../types.ts'
import { type Incoming, pathOf } from './incoming.ts'

/**
 * Returns the verified method and path, for functions that decide by them.
 *
 * @throws {@link MacError} as {@link unambiguous} does.
 */
export function verifiedTarget(incoming: Incoming): VerifiedTarget {
  return unambiguous({ method: requestMethod(incoming.request), target: incoming.target() })
}

/** Each ambiguity, with its name for the message. */
const AMBIGUOUS: readonly (readonly [fault: RegExp, name: string])[] = [
  [/\\|%5c/i, 'a backslash'],
  // The unreserved characters of RFC 3986 §2.3, the dot among them.
  [/%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i, 'a character that needs no encoding'],
  [/\/\.{1,2}(?:\/|$)/, 'a dot segment'],
  [/\/\//, 'an empty segment'],
]
const CONTROL = /[\p{Cc}\u2028\u2029]/u

/**
 * Returns method and path if every router reads the path alike, whether it decodes and normalizes it or not.
 * Otherwise a signer could write a path that a function reads in one way and the application in another.
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

/** Decodes percent-encoding; `null` if the result is not UTF-8, or a `%` lacks its two digits. */
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
    `The path of the request target has ${what}, so it can be read in two ways: sign and send it without that.`,
  )
}
