import type { ServerResponse } from 'node:http'
import { consoleLines } from './console-lines.ts'

/** The first argument of a handler: a `Request`, or an object that holds one. */
export type FirstArgument = Request | { readonly request: Request }

/**
 * A `Request`, or what a framework wraps around it: an object with a `request` (SvelteKit, Astro, React Router,
 * Elysia), the event of h3 or Fresh's context, whose `req` it is, or the context of Hono, where it is `req.raw`.
 */
export type RequestSource =
  | FirstArgument
  | { readonly req: Request | { readonly raw: Request } }
  | { readonly raw: Request }

/** A value of unknown type, of which single properties are read. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

const ADAPTERS =
  'put an adapter before it, such as getRequestListener of @hono/node-server or toNodeHandler of srvx'

/**
 * Returns the `Request` that a handler was called with.
 * @throws TypeError if there is none. It says what to do.
 */
export function requestOf(first: FirstArgument): Request {
  if (isRequest(first)) return first
  const { request } = (first ?? {}) as { request?: unknown }
  if (isRequest(request)) return request
  throw new TypeError(
    isOfNode(first)
      ? `withmac: this is a request of node:http (Express, Connect, Koa, Fastify), not a Request of the Fetch API: ${ADAPTERS}. In a middleware, give verify the NodeRequest of srvx.`
      : 'withmac: called without a Request: neither the first argument is one, nor its request. In a middleware or ' +
          'hook, call verify instead. On Hono, use mac() of withmac/hono. On h3, write fromWebHandler(withMac(handler)). ' +
          `On node:http, ${ADAPTERS}.`,
  )
}

/**
 * Returns the `Request` in what a framework gives.
 * @throws TypeError if there is none. It says what to do.
 */
export function requestIn(source: RequestSource): Request {
  return findRequest(source) ?? requestOf(source as FirstArgument)
}

/** Returns the `Request` in what a framework gives; `null` if there is none. */
export function findRequest(source: unknown): Request | null {
  if (isRequest(source)) return source
  if (typeof source !== 'object' || source === null) return null
  const { request, req, raw } = source as { request?: unknown; req?: unknown; raw?: unknown }
  const found = [request, req, raw, (req as Shape)?.raw].find(isRequest)
  return found ?? null
}

/**
 * Returns the `Request` that a handler was called with, or a response if node:http, Express or Connect called
 * it without one. These do not look at the promise that a handler returns, so a rejection would leave the
 * client waiting. Express and Connect get the error by their `next`; on node:http it is printed, and the
 * client gets a 500.
 *
 * @param rest The arguments after the first, by which such a call is recognized.
 * @param find Returns the request, or throws.
 * @throws TypeError if there is no request, and another caller, who will see the error.
 */
export function requestOrResponse(
  first: FirstArgument,
  rest: readonly unknown[],
  find: (first: FirstArgument) => Request = requestOf,
): Request | Response {
  try {
    return find(first)
  } catch (error) {
    const [response, next] = rest as [Partial<ServerResponse> | null | undefined, unknown]
    if (typeof response?.writeHead !== 'function' || typeof response.end !== 'function') throw error
    if (typeof next === 'function') next(error)
    else {
      consoleLines.print(() => (error as Error).message)
      response.writeHead(500, { 'Content-Type': 'text/plain' })
      response.end('Internal Server Error\n')
    }
    // Nobody sends this response. If the promise rejected, the process would end, or `next` run once more.
    return new Response(null, { status: 500 })
  }
}

/**
 * Recognizes a Request by its shape, since frameworks have classes of their own. It is one even if its header
 * fields cannot be read: some adapters throw if one of them is malformed.
 */
export function isRequest(value: unknown): value is Request {
  const shape = value as Shape
  if (typeof shape?.url !== 'string') return false
  try {
    return typeof (shape.headers as Shape)?.get === 'function'
  } catch {
    return true
  }
}

/** Whether it is node:http's request, or a context that holds one: Koa's `req`, Fastify's `raw`. */
export function isOfNode(value: unknown): boolean {
  const shape = value as Shape
  return [shape, shape?.req, shape?.raw].some(
    (each) => typeof (each as Shape)?.httpVersion === 'string',
  )
}
