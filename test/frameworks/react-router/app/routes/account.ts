// app/routes/account.ts: a middleware guards this route, and all routes below it.
import { createContext } from 'react-router'
import { mac } from '../mac.server'
import type { Route } from './+types/account'

const userContext = createContext<string>()

export const middleware: Route.MiddlewareFunction[] = [
  async ({ request, context }, next) => {
    const verdict = await mac.verify(request)
    if (!verdict.ok) return verdict.response()
    context.set(userContext, verdict.identity.user)
    return next()
  },
]

export const loader = ({ context }: Route.LoaderArgs) =>
  Response.json({ user: context.get(userContext) })

export const action = async ({ context, request }: Route.ActionArgs) =>
  Response.json({ user: context.get(userContext), order: await request.json() })
