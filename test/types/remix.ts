import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

// The arguments of loaders and actions in Remix 2 and similar frameworks.
interface DataFunctionArgs<
  Context = unknown,
  Params = { readonly [key: string]: string | undefined },
> {
  request: Request
  params: Params
  context: Context
}
type LoaderFunction<Context> = (
  args: DataFunctionArgs<Context>,
) => Promise<Response> | Response | Promise<object | null> | object | null

interface AppContext {
  readonly stage: 'test' | 'live'
}

export const loader = withMac(({ request, context }: DataFunctionArgs<AppContext>) => {
  holds<Equal<typeof context.stage, 'test' | 'live'>>()
  return Response.json({ user: getMac(request)?.user, stage: context.stage })
})
holds<
  Equal<
    typeof loader,
    (first: DataFunctionArgs<AppContext>, ...rest: unknown[]) => Promise<Response>
  >
>()

export const annotated: LoaderFunction<AppContext> = withMac(({ request, params, context }) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof params.id, string | undefined>>()
  holds<Equal<typeof context, AppContext>>()
  return new Response(context.stage)
})

// A generic handler can be wrapped for a more specific type.
const article = <Args extends DataFunctionArgs<AppContext, { readonly id: string }>>(args: Args) =>
  new Response(args.params.id)
export const action: (
  args: DataFunctionArgs<AppContext, { readonly id: string }>,
) => Promise<Response> = withMac(article)

// @ts-expect-error: another context
export const wrong: LoaderFunction<string> = loader
