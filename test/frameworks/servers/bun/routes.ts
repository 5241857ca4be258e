// bun bun/routes.ts
import { createMac, getMac, getMacError } from 'withmac'

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

const server = Bun.serve({
  routes: {
    ...mac.routes({
      '/orders': {
        GET: (request) => {
          const page = new URL(request.url).searchParams.get('page')
          return Response.json({ user: getMac(request)?.user, page })
        },
        POST: async (request) => {
          const { user, bodyVerified } = getMac(request) ?? {}
          return Response.json({ user, bodyVerified, order: await request.json() }, { status: 201 })
        },
      },
      '/orders/:id': (request) =>
        Response.json({ user: getMac(request)?.user, id: request.params.id }),
      '/guestbook': {
        GET: mac.withMac(
          (request) =>
            Response.json({
              user: getMac(request)?.user ?? 'stranger',
              why: getMacError(request)?.code ?? null,
            }),
          { mode: 'optional' },
        ),
        POST: mac.withMac(
          async (request) => {
            const entry = Object.fromEntries(await request.formData())
            return Response.json({ user: getMac(request)?.user ?? 'stranger', entry })
          },
          { mode: 'optional' },
        ),
      },
      '/account': {
        GET: (request) => Response.json({ user: getMac(request)?.user }),
        POST: async (request) =>
          Response.json({ user: getMac(request)?.user, order: await request.json() }),
      },
      '/moved': () => Response.redirect('/orders?page=2', 302),
      '/socket': (request, server: Bun.Server<{ user: string }>) => {
        const user = getMac(request)?.user ?? ''
        if (server.upgrade(request, { data: { user } })) return new Response(null)
        return new Response('this is for WebSockets', { status: 426 })
      },
      '/health': false,
    }),
    '/health': new Response('ok'),
  },
  websocket: {
    data: {} as { user: string },
    message(socket, text) {
      socket.send(`${socket.data.user} said ${text}`)
    },
  },
})
console.log(`listens on ${server.url}`)
