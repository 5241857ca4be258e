// npx bun docs/examples/bun-routes.ts
import { createMac, getMac } from 'withmac'

const mac = createMac({ database: process.env.MAC_DATABASE_URL ?? 'sqlite::memory:' })
const orders = new Map([['1', 'tea']])

const list = () => Response.json([...orders])
const add = async (request: Request) => {
  orders.set(String(orders.size + 1), await request.text())
  return new Response(null, { status: 201 })
}

const server = Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  routes: {
    ...mac.routes({
      '/health': false, // public: served below
      '/orders': {
        GET: mac.withMac(list, { scope: 'orders:read' }),
        POST: mac.withMac(add, { scope: 'orders:write', body: 'required' }),
      },
      '/orders/:id': (request) => Response.json(orders.get(request.params.id) ?? null),
      '/*': (request) => new Response(`hello ${getMac(request)?.user}`),
    }),
    '/health': new Response('ok'),
  },
})

const { id, key } = await mac.createCredential('ada', { scopes: ['orders:read', 'orders:write'] })
console.log(`MAC_ID=${id} MAC_KEY=${key} npx bun docs/examples/client.ts ${server.url}orders`)
