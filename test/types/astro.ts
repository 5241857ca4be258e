import type { APIContext, APIRoute, MiddlewareHandler } from 'astro'
import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

// The handler gets the type of the context from the annotation of the export.
export const GET: APIRoute = withMac((context) => {
  holds<Equal<typeof context, APIContext>>()
  holds<Equal<typeof context.request, Request>>()
  holds<Equal<typeof context.params, Record<string, string | undefined>>>()
  return new Response(getMac(context.request)?.user)
})

export const POST: APIRoute = withMac(
  async ({ request, params, url }) => {
    holds<Equal<typeof params.id, string | undefined>>()
    holds<Equal<typeof url, URL>>()
    return new Response(await request.text())
  },
  { mode: 'optional' },
)

type Article = { readonly title: string }
export const PUT: APIRoute<Article, { id: string }> = withMac(({ params, props }) => {
  holds<Equal<typeof params, { id: string }>>()
  holds<Equal<typeof props, Article>>()
  return new Response(params.id + props.title)
})

export const PATCH = withMac((context: APIContext<Article>) => new Response(context.props.title))
holds<Equal<typeof PATCH, (first: APIContext<Article>, ...rest: unknown[]) => Promise<Response>>>()
export const DELETE = withMac(({ url }) => new Response(url.href)) satisfies APIRoute

// As a middleware in src/middleware.ts, before all routes.
export const onRequest: MiddlewareHandler = withMac((context, next) => {
  holds<Equal<typeof context, APIContext>>()
  holds<Equal<Awaited<ReturnType<typeof next>>, Response>>()
  return next()
})

// @ts-expect-error: a route returns a Response
export const HEAD: APIRoute = withMac(({ params }) => params.id)
