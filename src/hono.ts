import type { MiddlewareHandler } from 'hono'
import { withMac } from './create-mac.ts'
import type { Mac } from './mac.ts'
import { isOptions } from './option-names.ts'
import type { WithMacOptions } from './options.ts'
import { getMac, getMacError, keepOutcome } from './server/identity.ts'
import { RETURN_RESPONSE, refuseCallByFramework } from './server/misuse.ts'
import { type FirstArgument, requestOf, requestOrResponse } from './server/request-of.ts'
import type { MacIdentity } from './types.ts'

/**
 * The options of {@link mac}: those of `withMac`. Functions among them get the `Request`, `c.env` and Hono's context.
 */
export interface HonoMacOptions extends WithMacOptions<Request> {
  /** The `Mac` that verifies. Default: the one of `MAC_DATABASE_URL`, as for the bare `withMac`. */
  readonly mac?: Mac | undefined
}

/** What {@link mac} adds to Hono's context, for `new Hono<MacEnv>()`: `c.var.mac`. */
export interface MacEnv<Identity extends MacIdentity | null = MacIdentity> {
  Variables: { mac: Identity }
}

/** The part of Hono's context that is used. */
interface Context {
  readonly req: { readonly raw: Request }
  readonly env: unknown
  readonly set: (name: 'mac', identity: MacIdentity | null) => void
  res: Response | undefined
}

/**
 * Returns a middleware for Hono that verifies each request, as `withMac` does. `c.var.mac` is the identity of the
 * client; `null` for an anonymous one, which only `mode: 'optional'` and `allowPreflight` accept.
 *
 * The signed path is that of `c.req.url`: also under `app.route` and `basePath`. `app.mount` cuts a prefix off: use its
 * option `replaceRequest: false`, or the option `path`.
 *
 * @throws TypeError if an option is wrong.
 *
 * @example
 * app.use('/api/*', mac())
 * app.get('/api/me', (c) => c.json({ user: c.var.mac.user }))
 */
export function mac(
  options?: HonoMacOptions & {
    readonly mode?: 'required' | undefined
    readonly allowPreflight?: false | undefined
  },
): MiddlewareHandler<MacEnv>
export function mac(options?: HonoMacOptions): MiddlewareHandler<MacEnv<MacIdentity | null>>
// biome-ignore lint/suspicious/noExplicitAny: the signatures above say which
export function mac(options: HonoMacOptions = {}): MiddlewareHandler<any> {
  refuseCallByFramework(options, "mac() makes the middleware: app.use('/api/*', mac())")
  const verified = (options.mac?.withMac ?? withMac)(handle, withoutMac(options))
  const middleware = async (c: Context, next: () => Promise<void>, ...more: unknown[]) => {
    // Express gives its own request: it gets the error that withMac has for it.
    if (c.req?.raw === undefined) return requestOrResponse(c as never, [next, ...more], notOfHono)
    let isAccepted = false
    const response = await verified(c.req.raw, c.env, c, async () => {
      isAccepted = true
      await next()
    })
    if (!isAccepted) return response
    // Hono ignores what a middleware returns after `next`. It copies header fields to a response that is set anew.
    if (response !== c.res) {
      c.res = undefined
      c.res = response
    }
    return undefined
  }
  return middleware as unknown as MiddlewareHandler
}

/** Throws always: a framework may run the handler if a middleware returns something else than a response. */
function notOfHono(given: FirstArgument): never {
  requestOf(given)
  throw new TypeError(
    'withmac: mac() of withmac/hono is a middleware for Hono, but it was called without a context of Hono. Elsewhere ' +
      `call verify: ${RETURN_RESPONSE}.`,
  )
}

/** Returns the options of `withMac` among these. Some may be inherited, as from a class, so they cannot be copied. */
function withoutMac(options: HonoMacOptions): WithMacOptions<Request> {
  return isOptions(options) ? Object.create(options, { mac: { value: undefined } }) : options
}

async function handle(
  request: Request,
  _env: unknown,
  c: Context,
  next: () => Promise<void>,
): Promise<Response> {
  const identity = getMac(request)
  // Middleware, such as bodyLimit, may replace c.req.raw.
  keepOutcome(c, { identity, error: getMacError(request) })
  c.set('mac', identity)
  await next()
  return c.res ?? new Response(null, { status: 404 })
}
