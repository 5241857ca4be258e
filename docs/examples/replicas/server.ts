// One of several equal servers. MAC_DATABASE_URL and MAC_NONCES_URL say which stores they share.
import { hostname } from 'node:os'
import { createMac, getMac } from 'withmac'

const { ORIGIN: origin = 'http://localhost:8080', PORT: port = '3000' } = process.env
const mac = createMac({ origin })
const hello = (request: Request) =>
  new Response(`hello ${getMac(request)?.user} from server ${hostname()}:${port}\n`)

await mac.ready() // a server that cannot use its stores does not start
const server = Bun.serve({
  port,
  idleTimeout: 60, // longer than nginx keeps an idle connection
  routes: { '/health': new Response('ok\n') },
  fetch: mac.withMac(hello),
})

process.on('SIGTERM', async () => {
  await server.stop()
  await mac.close()
})
