import { Elysia } from 'elysia'
import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

const app = new Elysia()
  .get('/', ({ request }) => {
    holds<Equal<typeof request, Request>>()
    return `hello ${getMac(request)?.user}`
  })
  .get('/articles/:id', ({ params }) => params.id)

// The whole app.
export const whole = withMac(app)
holds<Equal<typeof whole, (first: Request, ...rest: unknown[]) => Promise<Response>>>()
Bun.serve({ fetch: withMac(app) })
Bun.serve({ fetch: withMac(app.fetch, { mode: 'optional' }) })
export default { fetch: withMac(app) }

// A part of an app whose other parts accept unsigned requests.
new Elysia().mount('/signed', withMac(app))
new Elysia().mount(
  '/handler',
  withMac((request) => new Response(request.url)),
)

// The context of a route contains the request too.
new Elysia().get(
  '/me',
  withMac(({ request }: { request: Request }) => {
    return new Response(getMac(request)?.user)
  }),
)
