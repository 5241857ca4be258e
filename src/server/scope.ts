import { callAsync } from '../callback.ts'
import { MacError } from '../errors.ts'
import { readScopes, type ScopeRule } from '../options.ts'
import type { AcceptedVerdict, MacIdentity, MacVerdict } from '../types.ts'
import type { ReceivedTarget } from './request-origin.ts'
import { verifiedTarget } from './verified-target.ts'

/** A scope that a credential lacks. The message names it; the client learns only what is needed. */
export class ScopeError extends MacError {
  readonly demanded: readonly string[]

  constructor(demanded: readonly string[], { id, scopes: held }: MacIdentity) {
    const missing = demanded.filter((scope) => !held.includes(scope))
    const list = missing.map((scope) => JSON.stringify(scope)).join(', ')
    const what = missing.length === 1 ? 'scope' : 'scopes'
    super('ERR_MAC_SCOPE', `The credential ${JSON.stringify(id)} lacks the ${what} ${list}.`)
    this.demanded = demanded
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
  request: Request,
  rule: ScopeRule,
  receivedTarget: ReceivedTarget | null,
): Promise<MacVerdict> {
  const { identity, rateLimit } = accepted
  try {
    const demanded =
      typeof rule === 'function'
        ? await callAsync(
            'scope',
            () => rule(request, verifiedTarget(request, receivedTarget)),
            readAnswer,
          )
        : rule
    if (demanded.every((scope) => identity.scopes.includes(scope))) return accepted
    throw new ScopeError(demanded, identity)
  } catch (error) {
    if (!(error instanceof MacError)) throw error
    const { id } = identity
    return { ok: false, error, id, challenge: null, rateLimit, retryAfterSeconds: null }
  }
}

/** A list that came out empty by mistake must not accept everybody. */
function readAnswer(answer: unknown): readonly string[] {
  if (answer === null) return []
  const demanded = readScopes(answer)
  if (demanded.length > 0) return demanded
  throw new TypeError('an empty list names no scope; if the request needs none, return null')
}
