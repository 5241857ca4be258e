import { callHook } from '../callback.ts'
import type { VerdictPublisher } from '../diagnostics.ts'
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
 * Returns a handler that verifies each request, and then calls `handler`.
 *
 * @param limited The responses of the `Mac` that have rate limit fields.
 * @param ownRoute Checks that a request is for this handler; `verify` calls it as well.
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
  publisher: VerdictPublisher,
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
    const begun = publisher.begin()
    let verdict = await verify(request, receivedTarget, first, rest, route)
    if (verdict.ok && scope !== null)
      verdict = await checkScope(verdict, request, scope, receivedTarget)
    if (!isAnonymous(verdict, settings)) publisher.end(verdict, begun)
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

/** Returns the finding for the handler of the mode `optional`, or the response instead of the handler's. */
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
  // A request for another handler must not reach this one, not even as anonymous.
  if (mode === 'optional' && error.status === 401 && isRouted(request, receivedTarget, route)) {
    return { identity: null, error }
  }
  const explanation = debug && error.status === 401 ? await explainKnown() : null
  return rejectionResponse(verdict, { reference: report.reference, explanation })
}

/** Whether a request without credentials passes. It counts neither as accepted nor as rejected. */
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
    'withmac: the handler must be a function of a Request, a function of an object with a request, or an object with a function fetch.',
  )
}

/** Calls the function at most once, so that its result counts for the whole request. */
function once(ask: ReceivedTarget): ReceivedTarget {
  let result: { readonly received: ReturnType<ReceivedTarget> } | null = null
  return () => {
    result ??= { received: ask() }
    return result.received
  }
}

function isPreflight(request: Request): boolean {
  return request.method === 'OPTIONS' && hasField(request, 'access-control-request-method') === true
}

/**
 * Whether a request has no credentials of any scheme, as most requests of anonymous callers. They need no
 * verdict: its error alone takes microseconds to create.
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
 * The default of `onReject`: prints the failures that the operator must mend, and in development every
 * rejection. The environment is not read before there is something to print.
 */
function reportRejection(error: MacError, request: Request, { reference }: MacReport): void {
  const { code, status } = error
  if (status >= 500) {
    console.error(`withmac: ${code} (${reference}): ${plain(error.message)}`, error.cause ?? '')
  } else if (inDevelopment()) {
    consoleLines.print(() => `withmac: rejected ${shownRequest(request)}: ${code} (${reference})`)
  }
}
