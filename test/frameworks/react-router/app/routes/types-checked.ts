// Not a route: tsc checks here what the types promise. The expected errors show that they are not `any`.
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

// React Router infers the data of a component from the loader's type: here a Response, and not `any`.
export const loaded: (args: Route.LoaderArgs) => Promise<Response> = loader
// @ts-expect-error: it does not return a number
export const wrong: (args: Route.LoaderArgs) => Promise<number> = loader

export const middleware: Route.MiddlewareFunction[] = [
  withMac(({ params }, next) => {
    // @ts-expect-error: the route has no parameter of this name
    params.id
    return next()
  }),
]

export const userOf = (args: Route.LoaderArgs): string | undefined => getMac(args)?.user
