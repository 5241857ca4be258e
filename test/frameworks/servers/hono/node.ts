// node hono/node.ts
import { serve, upgradeWebSocket } from '@hono/node-server'
import { mac } from 'withmac/hono'
import { WebSocketServer } from 'ws'
import { app } from './app.ts'

app.get(
  '/socket',
  mac(),
  upgradeWebSocket((c) => {
    const { user } = c.var.mac
    return { onMessage: ({ data }, socket) => socket.send(`${user} said ${data}`) }
  }),
)

const server = serve({
  fetch: app.fetch,
  port: Number(process.env.PORT),
  websocket: { server: new WebSocketServer({ noServer: true }) },
})
process.on('SIGTERM', () => server.close())
