import type { VerdictTeller } from '../diagnostics/tell-verdicts.ts'
import { inDevelopment } from '../environment.ts'
import type { MacError } from '../errors.ts'
import { withRateLimit } from '../limits/headers.ts'
import { plain } from '../protocol/text.ts'
import type { WithMacSettings } from '../settings.ts'
import { refusal } from './answer.ts'
import { consoleLines, shownRequest } from './console-lines.ts'
import { type Finding, keepFinding, type MacIdentity } from './identity.ts'
import type { RawTarget } from './raw-target.ts'
import type { MacReport, Reporter } from './report.ts'
import { type FirstArgument, requestOrAnswer } from './request-of.ts'
import { behindNode, isRouted, type RouteCheck } from './routed.ts'
import { judgeScope } from './scope.ts'
import type { MacVerdict, Refusal } from './verdict.ts'

/** A handler: a function, or an object with a function `fetch` such as a Hono or Elysia app. */
export type Handler<First extends FirstArgument, Rest extends unknown[]> =
  | ((first: First, ...rest: Rest) => Response | Promise<Response>)
  | { readonly fetch: (first: First, ...rest: Rest) => Response | Promise<Response> }

const ANONYMOUS: Finding = Object.freeze({ identity: null, error: null })

/**
 * Puts a verification in front of a handler.
 * @param limited The answers of the `Mac` that rate limit fields were set on.
 * @param ownRoute Whether a request is one for this handler; `verify` asks it as well.
 */
export function wrap<First extends FirstArgument, Rest extends unknown[]>(
  handler: Handler<First, Rest>,
  settings: WithMacSettings,
  verify: (
    request: Request,
    rawTarget: RawTarget | null,
    first: First,
    rest: Rest,
    route: RouteCheck | null,
  ) => Promise<MacVerdict>,
  report: Reporter,
  teller: VerdictTeller,
  limited: WeakSet<Response>,
  ownRoute: RouteCheck | null = null,
): (first: First, ...rest: Rest) => Promise<Response> {
  const call = handlerFunction(handler)
  const { requestTarget, allowPreflight, mode, scope } = settings
  const onReject = settings.onReject ?? reportRejection
  return async (first, ...rest) => {
    const request = requestOrAnswer(first, rest)
    if (request instanceof Response) return request
    const rawTarget = requestTarget == null ? null : once(() => requestTarget(first, ...rest))
    const route = rawTarget === null ? behindNode(first, rest[0], ownRoute) : ownRoute
    const passes =
      (allowPreflight && isPreflight(request)) || (mode === 'optional' && isUnsigned(request))
    if (passes && isRouted(request, rawTarget, route)) {
      keepFinding(request, ANONYMOUS)
      return withRateLimit(await call(first, ...rest), null, limited)
    }
    const begun = teller.begin()
    let verdict = await verify(request, rawTarget, first, rest, route)
    if (verdict.ok && scope !== null) verdict = await judgeScope(verdict, request, scope, rawTarget)
    if (!isAnonymous(verdict, settings)) teller.end(verdict, begun)
    const finding = verdict.ok
      ? accepted(verdict.identity, request, settings)
      : await refused(verdict, request, settings, onReject, report, rawTarget, route)
    if (finding instanceof Response) return finding
    keepFinding(request, finding)
    const answer = await call(first, ...rest)
    return withRateLimit(answer, verdict.ok ? verdict.rateLimit : null, limited)
  }
}

function accepted(identity: MacIdentity, request: Request, { onAccept }: WithMacSettings): Finding {
  if (onAccept) tell('onAccept', () => onAccept(identity, request))
  return { identity, error: null }
}

/** What the handler may know of the request, or the answer that keeps it from being called. */
async function refused(
  verdict: Refusal,
  request: Request,
  settings: WithMacSettings,
  onReject: NonNullable<WithMacSettings['onReject']>,
  reporter: Reporter,
  rawTarget: RawTarget | null,
  route: RouteCheck | null,
): Promise<Finding | Response> {
  if (isAnonymous(verdict, settings)) return ANONYMOUS
  const { error } = verdict
  const { mode, debug } = settings
  const { report, explainKnown } = reporter(request, rawTarget, error)
  tell('onReject', () => onReject(error, request, report))
  // Of another handler's request not even an anonymous caller may make use.
  if (mode === 'optional' && error.status === 401 && isRouted(request, rawTarget, route)) {
    return { identity: null, error }
  }
  const explanation = debug && error.status === 401 ? await explainKnown() : null
  return refusal(verdict, { reference: report.reference, explanation })
}

/** Whether a request is let through without credentials: that is neither an acceptance nor a refusal. */
function isAnonymous(verdict: MacVerdict, { mode }: WithMacSettings): boolean {
  return mode === 'optional' && !verdict.ok && verdict.error.code === 'ERR_MAC_MISSING'
}

function handlerFunction<First extends FirstArgument, Rest extends unknown[]>(
  handler: Handler<First, Rest>,
): (first: First, ...rest: Rest) => Response | Promise<Response> {
  if (typeof handler === 'function') return handler
  if (typeof handler?.fetch === 'function') {
    return (first, ...rest) => handler.fetch(first, ...rest)
  }
  throw new TypeError(
    'withmac: withMac takes a function of a Request, a function of an object with a request, or an object with a function fetch.',
  )
}

/** What a function gave counts for the whole request: it is not asked again. */
function once(ask: RawTarget): RawTarget {
  let given: { readonly raw: ReturnType<RawTarget> } | null = null
  return () => {
    given ??= { raw: ask() }
    return given.raw
  }
}

function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && hasField(request, 'access-control-request-method') === true
}

/**
 * Whether no credentials of any scheme were sent: what most anonymous callers do. They need no verdict,
 * whose error alone takes microseconds to make.
 */
function isUnsigned(request: Request): boolean {
  return hasField(request, 'authorization') === false
}

/** Whether a header field is there; `null` if the fields cannot be read. */
function hasField(request: Request, name: string): boolean | null {
  try {
    return request.headers.has(name)
  } catch {
    return null
  }
}

/**
 * Without a hook, the failures that the operator must mend are printed, and in development all rejections.
 * The environment is not read before there is one to print.
 */
function reportRejection(error: MacError, request: Request, { reference }: MacReport): void {
  const { code, status } = error
  if (status >= 500) {
    console.error(`withmac: ${code} (${reference}): ${plain(error.message)}`, error.cause ?? '')
  } else if (inDevelopment()) {
    consoleLines.print(() => `withmac: rejected ${shownRequest(request)}: ${code} (${reference})`)
  }
}

/** Calls a hook. What goes wrong in it is shown, and changes no verdict. */
export function tell(name: string, hook: () => unknown): void {
  const show = (error: unknown) => console.error(`withmac: the hook ${name} failed:`, error)
  try {
    const result = hook()
    if (result instanceof Promise) result.catch(show)
  } catch (error) {
    show(error)
  }
}
