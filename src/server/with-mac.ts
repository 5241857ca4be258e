import { callHook } from '../callback.ts'
import { inDevelopment } from '../environment.ts'
import type { MacError } from '../errors.ts'
import { clientAddressOf } from '../limits/client-address.ts'
import type { WithMacSettings } from '../options.ts'
import { plain } from '../protocol/terminal-text.ts'
import type { AcceptedVerdict, MacReport, MacVerdict, RejectedVerdict } from '../types.ts'
import { consoleLines, shownRequest } from './console-lines.ts'
import { keepOutcome, type Outcome } from './identity.ts'
import { Incoming, type RouteCheck } from './incoming.ts'
import type { RecentRejections } from './recent-rejections.ts'
import { createReporter, type Reporter } from './report.ts'
import { type FirstArgument, requestOrResponse } from './request-of.ts'
import { rejectionResponse } from './response.ts'
import { behindNode, hasRoute } from './route-check.ts'
import { checkScope } from './scope.ts'
import { countVerdict, type Verifier, verify } from './verify.ts'

/** A handler: a function, or an object with a function `fetch` such as a Hono or Elysia app. */
export type Handler<First extends FirstArgument, Rest extends unknown[]> =
  | ((first: First, ...rest: Rest) => Response | Promise<Response>)
  | { readonly fetch: (first: First, ...rest: Rest) => Response | Promise<Response> }

const ANONYMOUS: Outcome = Object.freeze({ identity: null, error: null })

/**
 * Returns a handler that verifies each request, and then calls `handler`.
 *
 * @param route Checks that a request is for this handler; `null` if there are no routes.
 */
export function wrap<First extends FirstArgument, Rest extends unknown[]>(
  handler: Handler<First, Rest>,
  settings: WithMacSettings,
  verifier: Verifier,
  route: RouteCheck | null,
): (first: First, ...rest: Rest) => Promise<Response> {
  const call = handlerFunction(handler)
  const reporter = createReporter(settings, verifier)
  const { requestTarget, allowPreflight, mode, scope } = settings
  const { limits, publisher, rejections } = verifier
  return async (first, ...rest) => {
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    const incoming = new Incoming(request, {
      requestTarget: requestTarget === null ? null : () => requestTarget(first, ...rest),
      route: requestTarget === null ? behindNode(first, rest[0], route) : route,
      clientAddress: limits.failures && clientAddressOf(request, first, rest, settings),
    })
    const needsNoCredential =
      (allowPreflight && isPreflight(request)) || (mode === 'optional' && isUnsigned(request))
    if (needsNoCredential && hasRoute(incoming)) {
      keepOutcome(request, ANONYMOUS)
      return limits.addFields(await call(first, ...rest), null)
    }
    const begun = publisher.begin()
    let verdict = await verify(incoming, settings, verifier)
    if (verdict.ok && scope !== null) verdict = await checkScope(verdict, incoming, scope)
    if (!isAnonymous(verdict, settings)) {
      publisher.end(verdict, begun)
      countVerdict(verdict, verifier)
    }
    const outcome = verdict.ok
      ? accept(verdict, request, settings)
      : await reject(verdict, incoming, settings, { reporter, rejections })
    if (outcome instanceof Response) return outcome
    keepOutcome(request, outcome)
    const response = await call(first, ...rest)
    return limits.addFields(response, verdict.ok ? verdict.rateLimit : null)
  }
}

function accept(
  { identity }: AcceptedVerdict,
  request: Request,
  { onAccept }: WithMacSettings,
): Outcome {
  if (onAccept) callHook('onAccept', () => onAccept(identity, request))
  return { identity, error: null }
}

/** Returns the response to a rejected request; or, in the mode `optional`, what the handler may know of it. */
async function reject(
  verdict: RejectedVerdict,
  incoming: Incoming,
  settings: WithMacSettings,
  { reporter, rejections }: { readonly reporter: Reporter; readonly rejections: RecentRejections },
): Promise<Outcome | Response> {
  if (isAnonymous(verdict, settings)) return ANONYMOUS
  const { error } = verdict
  const { mode, debug, onReject, problemTypes } = settings
  const { report, detached, explainKnown } = reporter(incoming, error)
  if (rejections.isWatched) rejections.add(error, detached(), verdict.id)
  callHook('onReject', () => (onReject ?? printRejection)(error, incoming.request, report))
  // A request for another handler must not reach this one, not even as anonymous.
  if (mode === 'optional' && error.status === 401 && hasRoute(incoming)) {
    return { identity: null, error }
  }
  const explanation = debug && error.status === 401 ? await explainKnown() : null
  return rejectionResponse(verdict, { reference: report.reference, explanation, problemTypes })
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
function printRejection(error: MacError, request: Request, { reference }: MacReport): void {
  const { code, status } = error
  if (status >= 500) {
    console.error(`withmac: ${code} (${reference}): ${plain(error.message)}`, error.cause ?? '')
  } else if (inDevelopment()) {
    consoleLines.print(() => `withmac: rejected ${shownRequest(request)}: ${code} (${reference})`)
  }
}
