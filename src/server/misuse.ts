import { findRequest, isOfNode, isRequest, type RequestSource, requestIn } from './request-of.ts'

/** A value of unknown type, of which single properties are read. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

const NODE =
  "on Express, Connect, Koa, Fastify or node:http, put an adapter before the wrapped handler: app.all('/orders', " +
  'getRequestListener(withMac(handler))), with getRequestListener of @hono/node-server'
const VERDICT = 'const verdict = await verify(request); if (!verdict.ok)'
/** How a middleware rejects a request. */
export const RETURN_RESPONSE: string = `${VERDICT} return verdict.response()`
const EVENT = `in a middleware, hook or proxy call verify: ${RETURN_RESPONSE}`
// Elysia ignores a response that derive and resolve return.
const THROW = 'throw await verdict.response()'
const ELYSIA = `on Elysia, call verify in a hook, and throw: ${VERDICT} ${THROW}`

/**
 * Refuses to be called by a framework instead of by the application: `app.use(withMac)` instead of
 * `app.use(withMac(handler))`. Without this check, the options would seem to be wrong.
 *
 * @param given The first argument of the call.
 * @param advice What to write instead. By default it depends on the framework.
 * @throws TypeError that says what to write instead.
 */
export function refuseCallByFramework(given: unknown, advice: string = adviceFor(given)): void {
  if (!isOfFramework(given)) return
  throw new TypeError(
    `withmac: this function was called by a framework, with a request. It is not a middleware or handler itself: ${advice}.`,
  )
}

/**
 * Refuses an application instead of a request: Elysia's `app.use` and h3's `app.register` call a plugin with the
 * application. They ignore a promise that rejects, and would serve the application without protection.
 *
 * @throws TypeError that says what to write instead.
 */
export function refuseApplication(given: unknown): void {
  // SvelteKit's events have a function fetch too, and a request.
  if (typeof (given as Shape)?.fetch !== 'function' || findRequest(given) !== null) return
  throw new TypeError(
    'withmac: a framework gave its application to this function, which is not a plugin. To protect the whole ' +
      'application, serve { fetch: withMac(app) }. To protect some routes, call verify in a middleware or hook: ' +
      `${RETURN_RESPONSE}. On Elysia, ${THROW}.`,
  )
}

/**
 * Returns the `Request` that `verify` got.
 * @throws TypeError if there is none, or if a framework or runtime called `verify` itself.
 */
export function requestForVerify(given: RequestSource, second: unknown): Request {
  const request = findRequest(given)
  // SvelteKit calls a hook with { event, resolve }; others give `next`, an event, a server or a connection.
  if (request === null ? hasEvent(given) : isOfCaller(given, second)) refuseCallByFramework(given)
  return request ?? requestIn(given)
}

/** Whether it is what a framework or runtime gives to a handler besides the request, and not options. */
function isOfCaller(given: RequestSource, second: unknown): boolean {
  if (typeof second === 'function') return !isRequest(given)
  const { waitUntil, upgrade, remoteAddr } = (second ?? {}) as NonNullable<Shape>
  return typeof waitUntil === 'function' || typeof upgrade === 'function' || Boolean(remoteAddr)
}

function isOfFramework(given: unknown): boolean {
  try {
    if (isOfNode(given) || isFastify(given) || findRequest(given) !== null) return true
    return hasEvent(given)
  } catch {
    return false
  }
}

function adviceFor(given: unknown): string {
  try {
    if (isOfNode(given) || isFastify(given)) return NODE
    if (findRequest(((given as Shape)?.req as Shape)?.raw) !== null) {
      return "on Hono, import mac of 'withmac/hono' and write app.use('/api/*', mac())"
    }
    if (isOfElysia(given as Shape)) return `wrap your application, withMac(app); ${ELYSIA}`
  } catch {
    // The request cannot be read.
  }
  return `wrap your handler, withMac(handler); ${EVENT}`
}

/** Whether it is the argument of SvelteKit's hooks: { event, resolve }. */
function hasEvent(given: unknown): boolean {
  return findRequest((given as Shape)?.event) !== null
}

/** Whether it is a context of Elysia, in which `set` holds what the response will have. */
function isOfElysia(given: Shape): boolean {
  return typeof (given?.set as Shape)?.headers === 'object' && isRequest(given?.request)
}

/** Whether it is an application of Fastify, which gives itself to plugins. */
function isFastify(given: unknown): boolean {
  const shape = given as Shape
  if (typeof shape?.addHook !== 'function' || typeof shape.decorateRequest !== 'function')
    return false
  // itty-router's routers have a function of every name, and are handlers.
  return typeof shape.fetch !== 'function'
}
