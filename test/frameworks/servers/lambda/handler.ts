// An AWS Lambda function behind API Gateway, a load balancer or a function URL.
import { Hono } from 'hono'
import { handle, type LambdaEvent } from 'hono/aws-lambda'
import { getMacError } from 'withmac'
import { mac } from 'withmac/hono'

interface Bindings {
  event: LambdaEvent
}

// A REST API removes its stage from the path: if clients call /prod/orders, `event.path` is /orders.
const path = (request: Request, { event: { requestContext } }: Bindings) =>
  'path' in requestContext ? requestContext.path : new URL(request.url).pathname

// Instances share no disk: MAC_DATABASE_URL is that of a PostgreSQL.
const signed = mac({ path, body: 'optional', maxBodyBytes: 250_000 })
const forEverybody = mac({ path, mode: 'optional' })

const app = new Hono<{ Bindings: Bindings }>()
app.get('/orders', signed, (c) =>
  c.json({ user: c.var.mac.user, page: c.req.query('page') ?? null }),
)
app.post('/orders', signed, async (c) => {
  const { user, bodyVerified } = c.var.mac
  return c.json({ user, bodyVerified, order: await c.req.json() }, 201)
})
app.get('/guestbook', forEverybody, (c) => {
  const why = getMacError(c)?.code ?? null
  return c.json({ user: c.var.mac?.user ?? 'stranger', why })
})
app.post('/guestbook', forEverybody, async (c) =>
  c.json({ user: c.var.mac?.user ?? 'stranger', entry: await c.req.parseBody() }),
)
app.get('/account', signed, (c) => c.json({ user: c.var.mac.user }))
app.post('/account', signed, async (c) =>
  c.json({ user: c.var.mac.user, order: await c.req.json() }),
)
app.get('/moved', signed, (c) => c.redirect('/orders?page=2'))

export const handler = handle(app)
