import type { BunRequest, Server } from 'bun'
import {
  createMac,
  type RouteRequest,
  type RouteServer,
  routes,
  type VerifiedTarget,
  withMac,
} from 'withmac'
import { type Equal, holds } from './exact.ts'

const mac = createMac()
const app = (request: Request) => new Response(request.url)

// Without an annotation, the parameters of the path are known.
Bun.serve({
  routes: mac.routes({
    '/files/:id': (request) => {
      holds<Equal<typeof request, RouteRequest<'/files/:id'>>>()
      const { id } = request.params
      holds<Equal<typeof id, string>>()
      return new Response(id)
    },
    '/users/:user/notes/:note/*': {
      GET: (request, server) => {
        holds<Equal<typeof server, RouteServer>>()
        const { user, note } = request.params
        holds<Equal<keyof typeof request.params, 'user' | 'note'>>()
        return new Response(user + note + server.requestIP(request)?.address)
      },
      POST: async (request) => new Response(await request.text()),
      PUT: undefined,
    },
    '/static/*': (request) => {
      holds<Equal<keyof typeof request.params, never>>()
      return app(request)
    },
    '/elsewhere': false,
    '/app/*': { fetch: app },
    '/': app,
  }),
})

// Next to other routes, with the default Mac, with options, and with a WebSocket.
Bun.serve({
  routes: {
    ...mac.routes({ '/a/:id': (request) => new Response(request.params.id), '/b': false }),
    '/b': new Response('for all'),
  },
  fetch: mac.withMac(app),
})
Bun.serve({ routes: routes({ '/a': app }, { mode: 'optional', scope: undefined }) })
Bun.serve({
  routes: mac.routes({ '/a': app }, { clientAddress: (request) => request.params.anything }),
  websocket: { message() {} },
})

// A handler may ask for the types of Bun.
mac.routes({
  '/files/:id': (request: BunRequest<'/files/:id'>, server: Server<undefined>) =>
    new Response(request.params.id + request.cookies.get('a') + server.port),
  '/b/:id': { GET: (request: BunRequest<'/b/:id'>) => new Response(request.params.id) },
})

// A handler of withMac keeps its own options.
mac.routes({
  '/files/:id': mac.withMac(
    (request: BunRequest<'/files/:id'>) => new Response(request.params.id),
    {
      scope: 'files:read',
    },
  ),
  '/a/:name': withMac((request) => new Response(request.params.name)),
  '/b': { GET: withMac(app) },
})

// Without Bun, routes can still be made.
declare const paths: Record<string, (request: Request) => Response>
const made = mac.routes(paths)
holds<Equal<keyof typeof made, string>>()

// Functions that decide by method and path get a safe form of them.
withMac(app, {
  scope: (request, target) => {
    holds<Equal<typeof request, Request>>()
    holds<Equal<typeof target, VerifiedTarget>>()
    return target.path.startsWith('/admin/') ? 'admin' : null
  },
  ext: (ext, _request, { method, path }) => ext !== null || (method === 'GET' && path === '/'),
})

mac.routes({
  // @ts-expect-error: a parameter that this path does not have
  '/files/:id': (request: BunRequest<'/notes/:note'>) => new Response(request.params.note),
})
mac.routes({
  // @ts-expect-error: a parameter that this path does not have
  '/files/:id': (request) => new Response(request.params.note),
})
// @ts-expect-error: Bun would send a Response without a check
mac.routes({ '/a': new Response() })
// @ts-expect-error: the same for one method
mac.routes({ '/a': { GET: new Response() } })
// @ts-expect-error: the same for a file
mac.routes({ '/a': Bun.file('a') })
// @ts-expect-error: the same for a directory
mac.routes({ '/a/*': { dir: '.' } })
// @ts-expect-error: not a method
mac.routes({ '/a': { get: app } })
// @ts-expect-error: not an option
mac.routes({ '/a': app }, { modes: 'optional' })
