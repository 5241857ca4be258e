import { MacError } from '../errors.ts'
import { ClientAddress, clientAddressOf } from '../limits/client-address.ts'
import {
  type VerifyOptions,
  verifySettings,
  type WithMacSettings,
  withMacSettings,
} from '../options.ts'
import { type Admission, createGate, verdictJson } from './admit.ts'
import { callWithin, type HandlerCall } from './handler-call.ts'
import { renewContext } from './identity.ts'
import { Incoming, type RouteCheck } from './incoming.ts'
import { refuseApplication, requestForVerify } from './misuse.ts'
import { type FirstArgument, type RequestSource, requestOrResponse } from './request-of.ts'
import { behindNode, sentTarget } from './route-check.ts'
import type { Verifier } from './verify.ts'

/** A handler: a function, or an object with a function `fetch` such as a Hono or Elysia app. */
export type Handler<First extends FirstArgument, Rest extends unknown[]> =
  | ((first: First, ...rest: Rest) => Response | Promise<Response>)
  | { readonly fetch: (first: First, ...rest: Rest) => Response | Promise<Response> }

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
  const isFramework = typeof handler !== 'function'
  const admit = createGate(settings, verifier)
  const { requestTarget, path } = settings
  const { limits } = verifier
  const handle = async (first: First, rest: Rest) => {
    const request = requestOrResponse(first, rest)
    if (request instanceof Response) return request
    const sent = sentTarget(first, rest[0])
    const incoming = new Incoming(request, {
      sent,
      requestTarget: requestTarget === null ? null : () => requestTarget(first, ...rest),
      path: path === null ? null : () => path(first, ...rest),
      route: requestTarget === null ? behindNode(sent, route) : route,
      clientAddress: limits.failures && clientAddressOf(request, first, rest, settings),
    })
    const deciding = admit(incoming)
    const verdict = deciding instanceof Promise ? await deciding : deciding
    if (!verdict.ok) return verdict.response()
    if (!isFramework) return limits.addFields(await call(first, ...rest), verdict.rateLimit)
    const running: HandlerCall = { request }
    try {
      const response = await callWithin(running, () => call(first, ...rest))
      return limits.addFields(response, verdict.rateLimit)
    } finally {
      running.request = null
    }
  }
  // Not async: an application must not start with its plugin missing.
  return (first, ...rest) => {
    refuseApplication(first)
    return handle(first, rest)
  }
}

/** Returns the function `verify` of a `Mac`: what {@link wrap} does, without a handler. */
export function createVerify(
  verifier: Verifier,
): (given: RequestSource, options?: VerifyOptions, ...more: unknown[]) => Promise<Admission> {
  const { settings, limits } = verifier
  const own = withMacSettings({}, settings, 'verify')
  const admit = createGate(own, verifier)
  const decideOn = async (
    given: RequestSource,
    options: VerifyOptions | undefined,
    more: unknown[],
  ): Promise<Admission> => {
    const find = (first: FirstArgument) => requestForVerify(first, options)
    const request = requestOrResponse(given as FirstArgument, [options, ...more], find)
    if (request instanceof Response) return answered(request)
    const values = options === undefined ? null : verifySettings(options, settings)
    const { requestTarget, path, clientAddress } = values ?? {}
    const environment = (given as { readonly env?: unknown }).env
    const sent = sentTarget(given, environment)
    const incoming = new Incoming(request, {
      sent,
      requestTarget: requestTarget === undefined ? null : () => requestTarget,
      path: path === undefined ? null : () => path,
      route: requestTarget === undefined ? behindNode(sent, null) : null,
      clientAddress:
        clientAddress === undefined
          ? limits.failures && clientAddressOf(request, given, [environment], settings)
          : new ClientAddress(() => clientAddress),
    })
    const decide = values?.settings ? createGate(values.settings, verifier) : admit
    const verdict = await decide(incoming)
    if (verdict.ok) renewContext(given, request)
    return verdict
  }
  return (given, options, ...more) => {
    refuseApplication(given)
    return decideOn(given, options, more)
  }
}

/** Returns a verdict for Express or Connect, which called `mac.verify` itself, and have their answer already. */
function answered(response: Response): Admission {
  const error = new MacError('ERR_MAC_INTERNAL', 'This is not a Request of the Fetch API.')
  const fields = { id: null, challenge: null, rateLimit: null, retryAfterSeconds: null }
  const toJSON = () => verdictJson(error)
  return { ok: false, error, ...fields, response: async () => response, toJSON }
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
