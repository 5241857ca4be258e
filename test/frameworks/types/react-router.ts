// Put beside app/routes/orders.ts for the type check: what the types promise there, and that they are
// no `any`, which each error that is expected here would miss.
import { getMac, getMacError, type MacErrorCode, withMac } from 'withmac'
import type { Route } from './+types/orders'

export const loader = withMac(({ request, params }: Route.LoaderArgs) => {
  const user: string | undefined = getMac(request)?.user
  const code: MacErrorCode | undefined = getMacError(request)?.code
  // @ts-expect-error: the user may be undefined
  const surely: string = getMac(request)?.user
  // @ts-expect-error: the route has no parameter of this name
  params.id
  return Response.json({ user, code, surely })
})

// React Router derives from the loader's type what a component gets: here a Response, and no `any`.
export const loaded: (args: Route.LoaderArgs) => Promise<Response> = loader
// @ts-expect-error: it gives no number
export const wrong: (args: Route.LoaderArgs) => Promise<number> = loader

export const middleware: Route.MiddlewareFunction[] = [
  withMac(({ params }, next) => {
    // @ts-expect-error: the route has no parameter of this name
    params.id
    return next()
  }),
]
