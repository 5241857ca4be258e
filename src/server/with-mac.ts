import { callHook } from '../callback.ts'
import type { VerdictTeller } from '../diagnostics/tell-verdicts.ts'
import { inDevelopment } from '../environment.ts'
import type { MacError } from '../errors.ts'
import { withRateLimit } from '../limits/headers.ts'
import type { WithMacSettings } from '../options.ts'
import { plain } from '../protocol/text.ts'
import type { MacIdentity, MacReport, MacVerdict, RejectedVerdict } from '../types.ts'
import { consoleLines, shownRequest } from './console-lines.ts'
import { type Finding, keepFinding } from './identity.ts'
import type { Reporter } from './report.ts'
import { type FirstArgument, requestOrResponse } from './request-of.ts'
import type { ReceivedTarget } from './request-origin.ts'
import { rejectionResponse } from './response.ts'
import { behindNode, isRouted, type RouteCheck } from './routed.ts'
import { checkScope } from './scope.ts'

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
    receivedTarget: ReceivedTarget | null,
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
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    const receivedTarget = requestTarget == null ? null : once(() => requestTarget(first, ...rest))
    const route = receivedTarget === null ? behindNode(first, rest[0], ownRoute) : ownRoute
    const passes =
      (allowPreflight && isPreflight(request)) || (mode === 'optional' && isUnsigned(request))
    if (passes && isRouted(request, receivedTarget, route)) {
      keepFinding(request, ANONYMOUS)
      return withRateLimit(await call(first, ...rest), null, limited)
    }
    const begun = teller.begin()
    let verdict = await verify(request, receivedTarget, first, rest, route)
    if (verdict.ok && scope !== null)
      verdict = await checkScope(verdict, request, scope, receivedTarget)
    if (!isAnonymous(verdict, settings)) teller.end(verdict, begun)
    const finding = verdict.ok
      ? accepted(verdict.identity, request, settings)
      : await refused(verdict, request, settings, onReject, report, receivedTarget, route)
    if (finding instanceof Response) return finding
    keepFinding(request, finding)
    const answer = await call(first, ...rest)
    return withRateLimit(answer, verdict.ok ? verdict.rateLimit : null, limited)
  }
}

function accepted(identity: MacIdentity, request: Request, { onAccept }: WithMacSettings): Finding {
  if (onAccept) callHook('onAccept', () => onAccept(identity, request))
  return { identity, error: null }
}

/** What the handler may know of the request, or the answer that keeps it from being called. */
async function refused(
  verdict: RejectedVerdict,
  request: Request,
  settings: WithMacSettings,
  onReject: NonNullable<WithMacSettings['onReject']>,
  reporter: Reporter,
  receivedTarget: ReceivedTarget | null,
  route: RouteCheck | null,
): Promise<Finding | Response> {
  if (isAnonymous(verdict, settings)) return ANONYMOUS
  const { error } = verdict
  const { mode, debug } = settings
  const { report, explainKnown } = reporter(request, receivedTarget, error)
  callHook('onReject', () => onReject(error, request, report))
  // Of another handler's request not even an anonymous caller may make use.
  if (mode === 'optional' && error.status === 401 && isRouted(request, receivedTarget, route)) {
    return { identity: null, error }
  }
  const explanation = debug && error.status === 401 ? await explainKnown() : null
  return rejectionResponse(verdict, { reference: report.reference, explanation })
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
function once(ask: ReceivedTarget): ReceivedTarget {
  let given: { readonly raw: ReturnType<ReceivedTarget> } | null = null
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
