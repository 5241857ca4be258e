import type * as Kit from '@sveltejs/kit'
import type { Handle } from '@sveltejs/kit/hooks'
import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

declare global {
  namespace App {
    interface Locals {
      user: string
    }
  }
}

// What SvelteKit generates as './$types' for src/routes/articles/[id]/+server.ts.
type RouteParams = { id: string }
type RouteId = '/articles/[id]'
type RequestHandler = Kit.RequestHandler<RouteParams, RouteId>
type RequestEvent = Kit.RequestEvent<RouteParams, RouteId>

// The handler gets the type of the event from the annotation of the export.
export const GET: RequestHandler = withMac(({ request, params, route, locals }) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof params, RouteParams>>()
  holds<Equal<typeof params.id, string>>()
  holds<Equal<typeof route.id, RouteId>>()
  holds<Equal<typeof locals, App.Locals>>()
  locals.user = getMac(request)?.user ?? 'nobody'
  return new Response(params.id)
})

export const POST: RequestHandler = withMac(
  async (event) => {
    holds<Equal<typeof event, RequestEvent>>()
    // @ts-expect-error: the route has no such parameter
    event.params.slug
    return new Response(await event.request.text())
  },
  { mode: 'optional' },
)

export const PUT = withMac((event: RequestEvent) => new Response(event.params.id))
holds<Equal<typeof PUT, (first: RequestEvent, ...rest: unknown[]) => Promise<Response>>>()
export const PATCH = withMac(({ params }) => new Response(params.id)) satisfies RequestHandler
export const DELETE: RequestHandler = PUT

// In src/hooks.server.ts, before all routes.
type Resolve = Parameters<Handle>[0]['resolve']
const verified = withMac((event: Kit.RequestEvent, resolve: Resolve) => {
  event.locals.user = getMac(event.request)?.user ?? 'nobody'
  return resolve(event)
})
export const handle: Handle = ({ event, resolve }) => verified(event, resolve)

// @ts-expect-error: the argument of a hook contains an event, not a Request
export const wrong: Handle = withMac(({ event, resolve }) => resolve(event))
// @ts-expect-error: the handler of a route returns a Response
export const HEAD: RequestHandler = withMac(({ params }) => params.id)
