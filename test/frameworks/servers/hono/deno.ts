// deno run -A hono/deno.ts
import { upgradeWebSocket } from 'hono/deno'
import { mac } from 'withmac/hono'
import { app } from './app.ts'

app.get(
  '/socket',
  mac(),
  upgradeWebSocket((c) => {
    const { user } = c.var.mac
    return { onMessage: ({ data }, socket) => socket.send(`${user} said ${data}`) }
  }),
)

Deno.serve({ port: Number(Deno.env.get('PORT')) }, app.fetch)
