import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { MacIdentity } from '../types.ts'
import type { CredentialKey } from './authenticate.ts'

/** The identity that a verified request gives its caller. */
export function identityOf(
  { credential, algorithm, number, until }: CredentialKey,
  { nonce }: MacAuthorization,
  timestamp: number,
  ext: string | null,
  bodyVerified: boolean,
): MacIdentity {
  const { user, id, label, expires, scopes } = credential
  return Object.freeze({
    user,
    id,
    algorithm,
    label,
    expires: expires === null ? null : new Date(expires * 1000),
    scopes,
    keyNumber: number,
    graceEnds: until === null ? null : new Date(until * 1000),
    ext,
    bodyVerified,
    timestamp,
    nonce,
  })
}

/** What was found out about a request. */
export interface Finding {
  readonly identity: MacIdentity | null
  readonly error: MacError | null
}

/** Returns what it is constructed with, so that a class derived from it adds its private fields to that. */
function itself(request: object): object {
  return request
}

/**
 * Keeps what was found out in a private field of the Request object itself: no header and no argument can
 * forge one, no other code can read or set it, and a copy does not have it. A WeakMap does the same, and
 * costs up to a microsecond a request on Node, most of it when garbage is collected.
 */
class Kept extends (itself as unknown as new (request: object) => object) {
  #finding: Finding

  private constructor(request: object, finding: Finding) {
    super(request)
    this.#finding = finding
  }

  static keep(request: object, finding: Finding): void {
    if (#finding in request) request.#finding = finding
    else if (Object.isExtensible(request)) new Kept(request, finding)
    else frozen.set(request, finding)
  }

  static of(request: object): Finding | null {
    return #finding in request ? request.#finding : (frozen.get(request) ?? null)
  }
}

/** The same of objects to which nothing can be added: engines are going to refuse them private fields too. */
const frozen = new WeakMap<object, Finding>()

/** Keeps what was found out, for `getMac` and `getMacError`. */
export function keepFinding(request: Request, finding: Finding): void {
  Kept.keep(request, finding)
}

/**
 * Who signed the request that a wrapped handler was called with; `null` for an anonymous caller,
 * which only the mode `optional` and a preflight let through.
 *
 * @param request The very object that the handler was given. A copy (`request.clone()`,
 *   `new Request(request)`) is another object, of which nothing is known.
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED` for a request that `withMac` never saw.
 *
 * @example
 * withMac((request) => new Response(`hello ${getMac(request)?.user}`))
 */
export function getMac(request: Request): MacIdentity | null {
  return find(request, 'getMac').identity
}

/**
 * Why the credentials of a request failed, in the mode `optional`; `null` where they are good, and
 * where none were sent.
 *
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED`, as {@link getMac} does.
 */
export function getMacError(request: Request): MacError | null {
  return find(request, 'getMacError').error
}

function find(request: Request, who: string): Finding {
  const finding = isObject(request) ? Kept.of(request) : null
  if (finding !== null) return finding
  throw new MacError(
    'ERR_MAC_NOT_VERIFIED',
    `${who} was given a request that withMac has not seen. Wrap the handler with withMac, and pass ` +
      'the very Request that the handler was given: a clone, or a framework’s copy, is another object.',
  )
}

/** Callers without types may give anything. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
