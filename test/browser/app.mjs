// A server with one wrapped handler, and the admin pages for everybody who asks with `?who=`.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createAdmin } from '../../dist/admin/index.js'
import { createMac, getMac } from '../../dist/index.js'

const mac = createMac({ database: 'sqlite:mac.db', onReject() {} })
const handler = mac.withMac((request) => new Response(`hello ${getMac(request)?.user}\n`))
const admin = createAdmin(mac, {
  authorize: (request) => (request.headers.get('cookie')?.includes('who=eve') ? 'eve' : null),
})

const listener = getRequestListener((request) =>
  new URL(request.url).pathname.startsWith('/admin') ? admin(request) : handler(request),
)
const server = createServer(listener).listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})
process.once('SIGTERM', () => {
  server.close(() => mac.close().then(() => process.exit(0)))
  server.closeAllConnections()
})
