import type {
  ActionFunction,
  ActionFunctionArgs,
  LoaderFunction,
  LoaderFunctionArgs,
  MiddlewareFunction,
} from 'react-router'
import type { GetAnnotations } from 'react-router/internal'
import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

export const loader = withMac(async ({ request, params, context }: LoaderFunctionArgs) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof params, LoaderFunctionArgs['params']>>()
  holds<Equal<typeof params.teamId, string | undefined>>()
  holds<Equal<typeof context, LoaderFunctionArgs['context']>>()
  return Response.json({ user: getMac(request)?.user })
})
holds<Equal<typeof loader, (first: LoaderFunctionArgs, ...rest: unknown[]) => Promise<Response>>>()
holds<typeof loader extends LoaderFunction ? true : false>()

export const action = withMac(
  async ({ request }: ActionFunctionArgs) => new Response(await request.text()),
  { mode: 'optional' },
)
holds<Equal<typeof action, (first: ActionFunctionArgs, ...rest: unknown[]) => Promise<Response>>>()
holds<typeof action extends ActionFunction ? true : false>()

export const annotated: LoaderFunction = withMac(({ request, params }) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof params, LoaderFunctionArgs['params']>>()
  return new Response(params.teamId)
})

// What React Router generates as './+types/team' for route('teams/:teamId', 'team.tsx').
type Route = GetAnnotations<{
  params: { teamId: string }
  loaderData: unknown
  actionData: unknown
  module: { loader: () => Promise<Response> }
  matches: []
}>
export const teamLoader = withMac(({ request, params }: Route['LoaderArgs']) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof params.teamId, string>>()
  // @ts-expect-error: the route has no such parameter
  params.slug
  return new Response(params.teamId)
})
holds<
  Equal<typeof teamLoader, (first: Route['LoaderArgs'], ...rest: unknown[]) => Promise<Response>>
>()
export const teamAction = withMac((args: Route['ActionArgs']) => new Response(args.params.teamId))
holds<
  Equal<typeof teamAction, (first: Route['ActionArgs'], ...rest: unknown[]) => Promise<Response>>
>()

// As a middleware, before all loaders and actions of a route.
export const middleware: MiddlewareFunction<Response>[] = [
  withMac((args, next) => {
    holds<Equal<typeof args, Parameters<MiddlewareFunction>[0]>>()
    holds<Equal<Awaited<ReturnType<typeof next>>, Response>>()
    return next()
  }),
]
export const teamMiddleware: Route['MiddlewareFunction'][] = [
  withMac(({ params }, next) => {
    holds<Equal<typeof params.teamId, string>>()
    return next()
  }),
]

// @ts-expect-error: a wrapped loader returns a Response, although React Router would accept data too
export const data = withMac(({ params }: LoaderFunctionArgs) => ({ team: params.teamId }))
