// Guarded by a middleware, as a parent route would guard all routes below it. The loader is not wrapped
// again, because a request is verified once.
import { createContext } from 'react-router'
import { getMac } from 'withmac'
import { withMac } from '../mac.server'
import type { Route } from './+types/account'

const userContext = createContext<string | undefined>()

export const middleware: Route.MiddlewareFunction[] = [
  withMac(({ request, context }, next) => {
    context.set(userContext, getMac(request)?.user)
    return next()
  }),
]

export const loader = ({ context }: Route.LoaderArgs) =>
  Response.json({ user: context.get(userContext) })
