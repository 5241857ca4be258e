import type { ServerResponse } from 'node:http'
import { consoleLines } from './console-lines.ts'

/** What a handler is called with first: a `Request`, or an object that holds one. */
export type FirstArgument = Request | { readonly request: Request }

/** A value of which nothing is known, looked at by its shape. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

const ADAPTERS =
  'put an adapter before it, such as getRequestListener of @hono/node-server or toNodeHandler of srvx'

/**
 * Returns the `Request` that a handler was called with.
 * @throws TypeError if there is none, which says what to do.
 */
export function requestOf(first: FirstArgument): Request {
  if (isRequest(first)) return first
  const { request } = (first ?? {}) as { request?: unknown }
  if (isRequest(request)) return request
  throw new TypeError(
    isOfNode(first)
      ? `withmac: this is a request of node:http (Express, Connect, Koa, Fastify), not a Request of the Fetch API: ${ADAPTERS}.`
      : `withmac: called without a Request: neither the first argument is one, nor its request. On node:http, ${ADAPTERS}.`,
  )
}

/**
 * Returns the `Request` that a handler was called with, or the answer if node:http, Express or Connect
 * called it without one. These do not look at the promise that a handler returns, so its rejection would
 * leave the client waiting. Express and Connect are given the error by their `next`; on node:http it is
 * printed, and the client gets a 500.
 *
 * @param rest The arguments after the first, by which such a call is known.
 * @throws TypeError if there is no request, and somebody else called, who will see the error.
 */
export function requestOrResponse(
  first: FirstArgument,
  rest: readonly unknown[],
): Request | Response {
  try {
    return requestOf(first)
  } catch (error) {
    const [response, next] = rest as [Partial<ServerResponse> | null | undefined, unknown]
    if (typeof response?.writeHead !== 'function' || typeof response.end !== 'function') throw error
    if (typeof next === 'function') next(error)
    else {
      consoleLines.print(() => (error as Error).message)
      response.writeHead(500, { 'Content-Type': 'text/plain' })
      response.end('Internal Server Error\n')
    }
    // Nobody sends this one. A promise that rejects would end the process, or call `next` once more.
    return new Response(null, { status: 500 })
  }
}

/**
 * Tells a Request by its shape, since frameworks bring classes of their own. Header fields that cannot
 * be read are those of a request all the same: some adapters throw if one of them is malformed.
 */
function isRequest(value: unknown): value is Request {
  const shape = value as Shape
  if (typeof shape?.url !== 'string') return false
  try {
    return typeof (shape.headers as Shape)?.get === 'function'
  } catch {
    return true
  }
}

/** Whether it is node:http's request, or a context that holds one: Koa's `req`, Fastify's `raw`. */
function isOfNode(value: unknown): boolean {
  const shape = value as Shape
  return [shape, shape?.req, shape?.raw].some(
    (each) => typeof (each as Shape)?.httpVersion === 'string',
  )
}
