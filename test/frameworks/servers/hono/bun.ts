// bun hono/bun.ts
import { upgradeWebSocket, websocket } from 'hono/bun'
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

export default { fetch: app.fetch, websocket }
