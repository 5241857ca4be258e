import { MacError } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import type { MacIdentity } from '../types.ts'
import { isOfOtherCopy, registerCopy } from './copies.ts'
import type { CredentialKey } from './credential-cache.ts'
import { originalOf } from './handler-call.ts'
import { findRequest, type RequestSource } from './request-of.ts'

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

/** @param request The request, or a context that holds it. */
export function keepOutcome(request: object, outcome: Outcome): void {
  Kept.keep(request, outcome)
}

/**
 * Keeps the outcome of a request also for the context that holds it, if an earlier verification kept another one there:
 * `getMac` must not return an older outcome for the context than for the request.
 */
export function renewContext(context: object, request: Request): void {
  const outcome = Kept.of(request)
  if (context !== request && outcome !== null && Kept.of(context) !== null) {
    Kept.keep(context, outcome)
  }
}

/** Whether this very object was accepted before. */
export function wasAccepted(request: object): boolean {
  return (Kept.of(request)?.identity ?? null) !== null
}

/** Lets another copy of withmac say that this one has verified a request. */
export function nameThisCopy(): void {
  registerCopy((request) => Kept.of(request) !== null)
}

/**
 * Returns who signed the request that a wrapped handler was called with. `null` for an anonymous caller, which
 * only the mode `optional` and the option `allowPreflight` accept.
 *
 * @param request The object that the handler got: the `Request`, or what a framework wraps around it, such as Hono's
 *   context. A copy (`new Request(request)`) is another object: it is found only if `withMac` wraps an object with
 *   `fetch`, such as `withMac(app)`, and only until the handler has returned.
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED` for a request that `withMac` has not seen.
 *
 * @example
 * withMac((request) => new Response(`hello ${getMac(request)?.user}`))
 */
export function getMac(request: RequestSource): MacIdentity | null {
  return find(request, 'getMac').identity
}

/**
 * Returns why the credentials of a request failed, in the mode `optional`. `null` if they are valid, or if
 * none were sent.
 *
 * @throws {@link MacError} `ERR_MAC_NOT_VERIFIED`, as {@link getMac} does.
 */
export function getMacError(request: RequestSource): MacError | null {
  return find(request, 'getMacError').error
}

function find(source: RequestSource, who: string): Outcome {
  const outcome = (isObject(source) ? Kept.of(source) : null) ?? findWithin(source)
  if (outcome !== null) return outcome
  throw new MacError('ERR_MAC_NOT_VERIFIED', notSeen(source, who))
}

/** Looks at the request in what a framework gives, and at the request that it is a copy of. */
function findWithin(source: unknown): Outcome | null {
  const request = requestWithin(source)
  if (request === null) return null
  const kept = Kept.of(request)
  if (kept !== null) return kept
  const original = originalOf(request)
  return original && Kept.of(original)
}

/** A proxy of a request, for example, cannot be read. */
function requestWithin(source: unknown): Request | null {
  try {
    return findRequest(source)
  } catch {
    return null
  }
}

function notSeen(source: unknown, who: string): string {
  const request = requestWithin(source)
  if (request !== null && isOfOtherCopy(request)) {
    return (
      `${who} belongs to another copy of withmac than the one that verified the request: two are loaded, such as two ` +
      'versions, or one from a bundle and one from node_modules. `npm ls withmac` lists them. Import both functions ' +
      'from one copy.'
    )
  }
  return (
    `${who} got a request that withMac has not seen. Wrap the handler with withMac, and pass the very ` +
    'Request that the handler got, or the context that holds it: a clone, or a copy by a framework, is another ' +
    'object. Copies are found inside of withMac(app), if app is an object with a function fetch.'
  )
}

/** Callers without types may give anything. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
