import type { BunRequest, Server } from 'bun'
import { createMac, getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)

Bun.serve({ fetch: withMac(app) })
Bun.serve({ fetch: withMac(app, { mode: 'optional' }), port: 0 })
Bun.serve({ fetch: createMac().withMac(async (request: Request) => app(request)) })
Bun.serve({
  fetch: withMac((request) => {
    holds<Equal<typeof request, Request>>()
    return app(request)
  }),
})

// With the server as the second argument.
Bun.serve({
  fetch: withMac((request: Request, server: Server<undefined>) => {
    const address = server.requestIP(request)?.address
    holds<Equal<typeof address, string | undefined>>()
    return new Response(address)
  }),
})
Bun.serve<undefined>({
  fetch: withMac((request, server) => {
    holds<Equal<typeof request, Request>>()
    holds<Equal<typeof server, Server<undefined>>>()
    return new Response(server.requestIP(request)?.address)
  }),
})

// In routes, for all methods and for one.
Bun.serve({
  routes: {
    '/': withMac(app),
    '/articles/:id': withMac((request: BunRequest<'/articles/:id'>) => {
      const { id } = request.params
      holds<Equal<typeof id, string>>()
      return new Response(id + getMac(request)?.user)
    }),
    '/notes/:note': {
      GET: withMac((request: BunRequest<'/notes/:note'>, server: Server<undefined>) => {
        return new Response(`${request.params.note} ${server.port}`)
      }),
      POST: withMac(app, { mode: 'required' }),
    },
    // Without an annotation, the parameters of the path are still known.
    '/teams/:team': withMac((request) => {
      holds<Equal<typeof request, BunRequest<'/teams/:team'>>>()
      return new Response(request.params.team)
    }),
    '/unsigned': new Response('for all'),
  },
})

export default { fetch: withMac(app) } satisfies Bun.Serve.Options<undefined>

Bun.serve({
  routes: {
    // @ts-expect-error: a parameter that this path does not have
    '/articles/:id': withMac(
      (request: BunRequest<'/notes/:note'>) => new Response(request.params.note),
    ),
  },
})
// @ts-expect-error: Bun passes a Request, not an object that contains one
Bun.serve({ fetch: withMac((context: { readonly request: Request }) => app(context.request)) })
