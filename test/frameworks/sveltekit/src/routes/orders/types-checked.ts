// Not a route: svelte-check checks here what the types promise. The expected errors show that they are not
// `any`.
import { getMac, getMacError, type MacErrorCode, withMac } from 'withmac'
import type { RequestEvent, RequestHandler } from './$types'

export const GET: RequestHandler = withMac(
  ({ request, params, platform }) => {
    const user: string | undefined = getMac(request)?.user
    const code: MacErrorCode | undefined = getMacError(request)?.code
    // @ts-expect-error: the user may be undefined
    const surely: string = getMac(request)?.user
    // @ts-expect-error: the route has no parameter of this name
    params.id
    // @ts-expect-error: there is no platform in development
    platform.req
    return Response.json({ user, code, surely })
  },
  {
    requestTarget: (event) => {
      // @ts-expect-error: the request of Node has no such field
      event.platform?.req.target
      return event.platform?.req.url
    },
  },
)

// @ts-expect-error: a handler returns a Response
export const POST: RequestHandler = withMac(({ params }) => params)

export const userOf = (event: RequestEvent): string | undefined => getMac(event)?.user
