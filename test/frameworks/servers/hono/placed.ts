// Middleware of Hono before and behind withmac, and applications that are mounted.
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { methodOverride } from 'hono/method-override'
import { createMac, getMac } from 'withmac'
import { mac } from 'withmac/hono'

const bound = { body: 'optional', maxBodyBytes: 250_000 } as const
const own = createMac(bound)
const limit = bodyLimit({ maxSize: 300_000 })
const open = cors({ origin: 'https://shop.example', exposeHeaders: ['WWW-Authenticate'] })

const app = new Hono()

app.post('/limit-outside', limit, mac(bound), async (c) => {
  const { user, bodyVerified } = c.var.mac
  return c.json({ user, bodyVerified, length: (await c.req.text()).length }, 201)
})
app.post('/limit-inside', mac(bound), limit, async (c) => {
  // Also by getMac, although bodyLimit has replaced the request.
  const { bodyVerified } = c.var.mac
  const user = getMac(c)?.user
  return c.json({ user, bodyVerified, length: (await c.req.text()).length }, 201)
})
// The whole application is wrapped, and bodyLimit replaces the request behind that.
const whole = new Hono()
whole.post('/', limit, async (c) => {
  const { user, bodyVerified } = getMac(c) ?? {}
  return c.json({ user, bodyVerified, length: (await c.req.text()).length }, 201)
})
app.mount('/limit-in-mounted', own.withMac(whole, { path: () => '/limit-in-mounted' }))

app.use('/cors-outside', open, mac())
app.use('/cors-inside', mac({ allowPreflight: true, cors: 'https://shop.example' }), open)
app.get('/cors-outside', (c) => c.json({ path: c.req.path }))
app.get('/cors-inside', (c) => c.json({ path: c.req.path }))

const mounted = own.withMac(
  (request) => Response.json({ user: getMac(request)?.user, url: request.url }),
  { path: (request) => `/mounted${new URL(request.url).pathname}` },
)
app.mount('/mounted', mounted)
app.mount(
  '/mounted-whole',
  own.withMac((request) => Response.json({ user: getMac(request)?.user, url: request.url })),
  { replaceRequest: false },
)
app.mount(
  '/mounted-without-path',
  own.withMac((request) => Response.json({ user: getMac(request)?.user })),
)

app.use('/overridden', methodOverride({ app, header: 'x-method' }))
app.post('/overridden', mac(), (c) => c.json({ ran: 'post' }))
app.delete('/overridden', mac(), (c) => c.json({ ran: 'delete' }))

export default app
