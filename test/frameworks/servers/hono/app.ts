import { Hono } from 'hono'
import { getMacError } from 'withmac'
import { mac } from 'withmac/hono'

// A part of the application that needs a signature. `c.var.mac` is the identity.
const orders = new Hono()
  .use(mac({ body: 'optional', maxBodyBytes: 250_000 }))
  .get('/', (c) => c.json({ user: c.var.mac.user, page: c.req.query('page') ?? null }))
  .post('/', async (c) => {
    const { user, bodyVerified } = c.var.mac
    return c.json({ user, bodyVerified, order: await c.req.json() }, 201)
  })

// A part for everybody. `c.var.mac` is null for a stranger.
const guestbook = new Hono()
  .use(mac({ mode: 'optional' }))
  .get('/', (c) => {
    const why = getMacError(c)?.code ?? null
    return c.json({ user: c.var.mac?.user ?? 'stranger', why })
  })
  .post('/', async (c) =>
    c.json({ user: c.var.mac?.user ?? 'stranger', entry: await c.req.parseBody() }),
  )

export const app = new Hono()
  .route('/orders', orders)
  .route('/guestbook', guestbook)
  .get('/account', mac(), (c) => c.json({ user: c.var.mac.user }))
  .post('/account', mac({ body: 'required', maxBodyBytes: 250_000 }), async (c) =>
    c.json({ user: c.var.mac.user, order: await c.req.json() }),
  )
  .get('/moved', mac(), (c) => c.redirect('/orders?page=2'))
