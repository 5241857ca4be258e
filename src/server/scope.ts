import { scopes } from '../credentials/validate.ts'
import { MacError } from '../errors.ts'
import type { MacIdentity } from './identity.ts'
import type { RawTarget } from './raw-target.ts'
import type { MacVerdict } from './verdict.ts'
import { type VerifiedTarget, verifiedTarget } from './verified-target.ts'

/** One scope, or several of which each is needed. */
export type ScopeDemand = string | readonly string[]

/**
 * The option `scope`: what is always demanded, or what a request demands; `null` demands nothing, an empty
 * list is refused.
 */
export type ScopeOption =
  | ScopeDemand
  | ((request: Request, target: VerifiedTarget) => ScopeDemand | null | Promise<ScopeDemand | null>)

/** What is demanded of a credential: always the same, or to be asked for each request. */
export type ScopeRule = readonly string[] | ((request: Request, target: VerifiedTarget) => unknown)

/** A scope that a credential lacks. The message says which; the client is told what was demanded. */
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
 * Reads the option `scope`.
 * @throws TypeError where it is neither a function nor scopes.
 */
export function scopeRule(option: unknown): ScopeRule {
  if (typeof option === 'function') return option as ScopeRule
  const demanded = readDemand(option)
  if (demanded.length > 0) return demanded
  throw new TypeError('names no scope; leave the option out where none is needed')
}

/**
 * Holds the scopes of a credential against those that a request demands.
 *
 * @returns The same verdict where nothing is lacking, else that of a {@link ScopeError}, or of
 *   `ERR_MAC_CALLBACK` where the function given as `scope` fails.
 */
export async function judgeScope(
  accepted: Extract<MacVerdict, { readonly ok: true }>,
  request: Request,
  rule: ScopeRule,
  rawTarget: RawTarget | null,
): Promise<MacVerdict> {
  const { identity, rateLimit } = accepted
  const error = await lacking(identity, request, rule, rawTarget)
  if (error === null) return accepted
  const { id } = identity
  return { ok: false, error, id, challenge: null, rateLimit, retryAfterSeconds: null }
}

async function lacking(
  identity: MacIdentity,
  request: Request,
  rule: ScopeRule,
  rawTarget: RawTarget | null,
): Promise<MacError | null> {
  let demanded: readonly string[]
  try {
    demanded =
      typeof rule === 'function'
        ? readAnswer(await rule(request, verifiedTarget(request, rawTarget)))
        : rule
  } catch (cause) {
    return new MacError('ERR_MAC_CALLBACK', 'The function given as scope failed.', { cause })
  }
  const lacks = demanded.some((scope) => !identity.scopes.includes(scope))
  return lacks ? new ScopeError(demanded, identity) : null
}

/** A list that came out empty by mistake must not let everybody in. */
function readAnswer(answer: unknown): readonly string[] {
  if (answer === null) return []
  const demanded = readDemand(answer)
  if (demanded.length > 0) return demanded
  throw new TypeError('an empty list names no scope; to demand nothing, give null')
}

function readDemand(demand: unknown): readonly string[] {
  const read = scopes.safeParse(typeof demand === 'string' ? [demand] : demand)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const rule = 'must be a scope, an array of several, or a function that gives them'
  throw new TypeError(issue?.path.length ? `${rule}: a scope ${issue.message}` : rule)
}
