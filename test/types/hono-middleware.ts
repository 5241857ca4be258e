import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMac, getMac, type MacIdentity } from 'withmac'
import { type HonoMacOptions, type MacEnv, mac } from 'withmac/hono'
import { type Equal, holds } from './exact.ts'

const own = createMac({ database: 'sqlite::memory:' })

// Per route, and in a chain, the identity is typed without a cast.
new Hono().get('/me', mac(), (c) => {
  holds<Equal<typeof c.var.mac, MacIdentity>>()
  holds<Equal<ReturnType<typeof getMac>, MacIdentity | null>>()
  return c.json({ user: c.var.mac.user, same: getMac(c)?.user, too: c.get('mac').id })
})
new Hono()
  .use('/api/*', bodyLimit({ maxSize: 1000 }))
  .use('/api/*', mac({ mac: own, scope: 'orders:read', body: 'required' }))
  .get('/api/me', (c) => {
    holds<Equal<typeof c.var.mac, MacIdentity>>()
    return c.text(c.var.mac.user)
  })

// It can be null if an anonymous client is accepted.
new Hono().get('/', mac({ mode: 'optional' }), (c) => {
  holds<Equal<typeof c.var.mac, MacIdentity | null>>()
  // @ts-expect-error: it may be null
  return c.text(c.var.mac.user)
})
new Hono().use(mac({ allowPreflight: true })).all('/', (c) => {
  holds<Equal<typeof c.var.mac, MacIdentity | null>>()
  return c.text(c.var.mac?.user ?? 'preflight')
})

// Without a chain, the application says so.
const app = new Hono<MacEnv>()
app.use('/api/*', mac())
app.get('/api/me', (c) => c.text(c.var.mac.user))
const lenient = new Hono<MacEnv<MacIdentity | null>>()
lenient.use(mac({ mode: 'optional' }))
lenient.get('/', (c) => c.text(c.var.mac?.user ?? 'guest'))

// The rest of the application is not affected.
new Hono().get('/', (c) => {
  // @ts-expect-error: no middleware, no identity
  return c.text(c.var.mac.user)
})

// Functions get the request, the environment and the context.
export const options: HonoMacOptions = {
  path: (request, _env, c) => `/shop${new URL(request.url).pathname}${c.req.path}`,
  requestTarget: undefined,
}
// @ts-expect-error: an option that is not known
mac({ scopes: 'a' })
// @ts-expect-error: the database belongs to the Mac
mac({ database: 'sqlite::memory:' })
export default app
