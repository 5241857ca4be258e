import type { VerdictTeller } from '../diagnostics/tell-verdicts.ts'
import type { MacError } from '../errors.ts'
import type { LimitedAnswers } from '../limits/answers.ts'
import { plain } from '../protocol/plain-text.ts'
import type { WithMacSettings } from '../settings.ts'
import { refusal } from './answer.ts'
import { type Finding, keepFinding, type MacIdentity } from './identity.ts'
import type { RawTarget } from './raw-target.ts'
import type { MacReport, Reporter } from './report.ts'
import { isRouted, type RouteCheck } from './routed.ts'
import { judgeScope } from './scope.ts'
import type { MacVerdict, Refusal } from './verdict.ts'

/** What a handler is called with first: a `Request`, or an object that holds one. */
export type FirstArgument = Request | { readonly request: Request }

/** A handler: a function, or an object with a function `fetch` such as a Hono or Elysia app. */
export type Handler<First extends FirstArgument, Rest extends unknown[]> =
  | ((first: First, ...rest: Rest) => Response | Promise<Response>)
  | { readonly fetch: (first: First, ...rest: Rest) => Response | Promise<Response> }

const ANONYMOUS: Finding = Object.freeze({ identity: null, error: null })

/**
 * Puts a verification in front of a handler.
 * @param route Whether a request is one for this handler; `verify` asks it as well.
 */
export function wrap<First extends FirstArgument, Rest extends unknown[]>(
  handler: Handler<First, Rest>,
  settings: WithMacSettings,
  verify: (
    request: Request,
    rawTarget: RawTarget | null,
    first: First,
    rest: Rest,
  ) => Promise<MacVerdict>,
  report: Reporter,
  teller: VerdictTeller,
  answers: LimitedAnswers,
  route: RouteCheck | null = null,
): (first: First, ...rest: Rest) => Promise<Response> {
  const call = handlerFunction(handler)
  const { requestTarget, allowPreflight, scope } = settings
  return async (first, ...rest) => {
    const request = requestOf(first)
    const rawTarget = requestTarget == null ? null : once(() => requestTarget(first, ...rest))
    if (allowPreflight && isPreflight(request) && isRouted(request, rawTarget, route)) {
      keepFinding(request, ANONYMOUS)
      return answers.withoutFields(await call(first, ...rest))
    }
    const begun = teller.begin()
    let verdict = await verify(request, rawTarget, first, rest)
    if (verdict.ok && scope !== null) verdict = await judgeScope(verdict, request, scope, rawTarget)
    if (!isAnonymous(verdict, settings)) teller.end(verdict, begun)
    const finding = verdict.ok
      ? accepted(verdict.identity, request, settings)
      : await refused(verdict, request, settings, report, rawTarget, route)
    if (finding instanceof Response) return finding
    keepFinding(request, finding)
    const answer = await call(first, ...rest)
    const fields = verdict.ok ? verdict.rateLimit : null
    return fields === null ? answers.withoutFields(answer) : answers.withFields(answer, fields)
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
  reporter: Reporter,
  rawTarget: RawTarget | null,
  route: RouteCheck | null,
): Promise<Finding | Response> {
  if (isAnonymous(verdict, settings)) return ANONYMOUS
  const { error } = verdict
  const { mode, debug, onReject } = settings
  const { report, explainKnown } = reporter(request, rawTarget, error)
  tell('onReject', () => (onReject ?? reportFailure)(error, request, report))
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

/**
 * The request that a handler was called with.
 * @throws TypeError where there is none.
 */
export function requestOf(first: FirstArgument): Request {
  if (isRequest(first)) return first
  if (isRequest((first as { request?: unknown } | null | undefined)?.request)) {
    return (first as { request: Request }).request
  }
  throw new TypeError(
    'withmac: the wrapped handler was called without a Request. On node:http, put an adapter such as @hono/node-server before it.',
  )
}

/**
 * By its shape: frameworks bring Request classes of their own. The header fields are not touched:
 * some adapters read them only now, and throw where one of them is malformed.
 */
function isRequest(value: unknown): value is Request {
  const shape = value as Partial<Request> | null | undefined
  return typeof shape?.url === 'string' && 'headers' in shape
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
  if (request.method !== 'OPTIONS') return false
  try {
    return request.headers.has('access-control-request-method')
  } catch {
    return false
  }
}

/** Without a hook, only the failures that the operator must mend are shown. */
function reportFailure(error: MacError, _: Request, { reference }: MacReport): void {
  if (error.status < 500) return
  const message = plain(error.message)
  console.error(`withmac: ${error.code} (${reference}): ${message}`, error.cause ?? '')
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
