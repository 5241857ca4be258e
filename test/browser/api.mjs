// An API that a page of another origin calls: PAGE_ORIGIN. Prints its URL.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { createMac, getMac } from '../../dist/index.js'

const { PAGE_ORIGIN, MAC_ID, MAC_KEY } = process.env
const credential = { id: MAC_ID, key: MAC_KEY, expires: null }
const options = { database: 'sqlite::memory:', onReject() {} }

const mac = createMac(options)
await mac.createCredential('ada', credential)
await mac.createCredential('bob', {
  ...credential,
  id: 'limited',
  rateLimit: { requests: 1, seconds: 60 },
})
const ahead = createMac({ ...options, now: () => Date.now() / 1000 + 3600 })
await ahead.createCredential('ada', credential)

const app = new Hono()
app.use(cors({ origin: PAGE_ORIGIN, exposeHeaders: ['x-seen'] }))
app.all('/redirect', (context) => context.redirect('/orders', 303))
app.all('*', async ({ req }) => {
  const body = await req.raw.text()
  const { user, bodyVerified } = getMac(req.raw)
  const { pathname, search } = new URL(req.url)
  const seen = { user, bodyVerified, method: req.method, path: pathname + search }
  return Response.json({ ...seen, type: req.header('content-type') ?? null, body })
})

const from = { allowPreflight: true, cors: PAGE_ORIGIN, body: 'optional' }
const HANDLERS = {
  '/ahead': ahead.withMac(app.fetch, from),
  '/bound': mac.withMac(app.fetch, { ...from, body: 'required' }),
  '/hidden': mac.withMac(app.fetch, { allowPreflight: true }),
  '/unasked': mac.withMac(app.fetch, { cors: PAGE_ORIGIN }),
}
const handler = mac.withMac(app.fetch, from)

const listener = getRequestListener((request, env) => {
  const [first = ''] = /^\/\w*/.exec(new URL(request.url).pathname) ?? []
  return (HANDLERS[first] ?? handler)(request, env)
})
const server = createServer(listener).listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})
process.once('SIGTERM', () => {
  server.close(() => Promise.all([mac.close(), ahead.close()]).then(() => process.exit(0)))
  server.closeAllConnections()
})
