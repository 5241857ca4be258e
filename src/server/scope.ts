import { callAsync } from '../callback.ts'
import { MacError } from '../errors.ts'
import { readScopes, type ScopeRule } from '../options.ts'
import type { AcceptedVerdict, MacIdentity, Rejection } from '../types.ts'
import type { Incoming } from './incoming.ts'
import { verifiedTarget } from './verified-target.ts'

/** A scope that a credential lacks. The message names it; the client learns only what is needed. */
export class ScopeError extends MacError {
  readonly needed: readonly string[]

  constructor(needed: readonly string[], { id, scopes: held }: MacIdentity) {
    const missing = needed.filter((scope) => !held.includes(scope))
    const list = missing.map((scope) => JSON.stringify(scope)).join(', ')
    const what = missing.length === 1 ? 'scope' : 'scopes'
    super('ERR_MAC_SCOPE', `The credential ${JSON.stringify(id)} lacks the ${what} ${list}.`)
    this.needed = needed
  }
}

/**
 * Compares the scopes of a credential with those that a request needs.
 *
 * @returns The same verdict if none is missing; otherwise that of a {@link ScopeError}, or of
 *   `ERR_MAC_CALLBACK` if the function given as `scope` fails.
 */
export async function checkScope(
  accepted: AcceptedVerdict,
  incoming: Incoming,
  rule: ScopeRule,
): Promise<AcceptedVerdict | Rejection> {
  const { identity, rateLimit } = accepted
  const error = await findScopeError(identity, incoming, rule)
  if (error === null) return accepted
  const { id } = identity
  return { ok: false, error, id, challenge: null, rateLimit, retryAfterSeconds: null }
}

async function findScopeError(
  identity: MacIdentity,
  incoming: Incoming,
  rule: ScopeRule,
): Promise<MacError | null> {
  try {
    const needed = typeof rule === 'function' ? await askScopes(rule, incoming) : rule
    const isComplete = needed.every((scope) => identity.scopes.includes(scope))
    return isComplete ? null : new ScopeError(needed, identity)
  } catch (error) {
    if (error instanceof MacError) return error
    throw error
  }
}

function askScopes(
  rule: Extract<ScopeRule, (...given: never[]) => unknown>,
  incoming: Incoming,
): Promise<readonly string[]> {
  const ask = () => rule(incoming.request, verifiedTarget(incoming))
  return callAsync('scope', ask, readAnswer)
}

/** A list that came out empty by mistake must not accept everybody. */
function readAnswer(answer: unknown): readonly string[] {
  if (answer === null) return []
  const needed = readScopes(answer)
  if (needed.length > 0) return needed
  throw new TypeError('an empty list names no scope; if the request needs none, return null')
}
