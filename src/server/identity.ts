import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { MacIdentity } from '../types.ts'
import type { CredentialKey } from './credential-cache.ts'

/** Returns the identity of a verified request. */
export function identityOf(
  { credential, algorithm, number, until }: CredentialKey,
  { nonce }: MacAuthorization,
  timestamp: number,
  { ext, bodyVerified }: Pick<MacIdentity, 'ext' | 'bodyVerified'>,
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

/** The result of a request's verification, for `getMac` and `getMacError`. */
export interface Outcome {
  readonly identity: MacIdentity | null
  readonly error: MacError | null
}

/** Returns its argument, so that a class derived from this one adds its private fields to that object. */
function itself(request: object): object {
  return request
}

/**
 * Keeps the outcome in a private field of the Request object itself. No header and no argument can forge it,
 * no other code can read or set it, and a copy does not have it. A WeakMap would do the same, but costs up to
 * a microsecond a request on Node, most of it in garbage collection.
 */
class Kept extends (itself as unknown as new (request: object) => object) {
  #outcome: Outcome

  private constructor(request: object, outcome: Outcome) {
    super(request)
    this.#outcome = outcome
  }

  static keep(request: object, outcome: Outcome): void {
    if (#outcome in request) request.#outcome = outcome
    else if (Object.isExtensible(request)) new Kept(request, outcome)
    else frozen.set(request, outcome)
  }

  static of(request: object): Outcome | null {
    return #outcome in request ? request.#outcome : (frozen.get(request) ?? null)
  }
}

/** For frozen objects: engines will no longer allow them new private fields. */
const frozen = new WeakMap<object, Outcome>()

export function keepOutcome(request: Request, outcome: Outcome): void {
  Kept.keep(request, outcome)
}

/**
 * Returns who signed the request that a wrapped handler was called with. `null` for an anonymous caller, which
 * only the mode `optional` and the option `allowPreflight` accept.
 *
 * @param request The very object that the handler got. A copy (`request.clone()`, `new Request(request)`) is
 *   another object.
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED` for a request that `withMac` has not seen.
 *
 * @example
 * withMac((request) => new Response(`hello ${getMac(request)?.user}`))
 */
export function getMac(request: Request): MacIdentity | null {
  return find(request, 'getMac').identity
}

/**
 * Returns why the credentials of a request failed, in the mode `optional`. `null` if they are valid, or if
 * none were sent.
 *
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED`, as {@link getMac} does.
 */
export function getMacError(request: Request): MacError | null {
  return find(request, 'getMacError').error
}

function find(request: Request, who: string): Outcome {
  const outcome = isObject(request) ? Kept.of(request) : null
  if (outcome !== null) return outcome
  throw new MacError(
    'ERR_MAC_NOT_VERIFIED',
    `${who} got a request that withMac has not seen. Wrap the handler with withMac, and pass the very ` +
      'Request that the handler got: a clone, or a copy by a framework, is another object.',
  )
}

/** Callers without types may give anything. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
