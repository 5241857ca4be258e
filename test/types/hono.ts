import { type Context, Hono } from 'hono'
import { getMac, withMac } from 'withmac'
import { type Equal, holds } from './exact.ts'

const app = new Hono()
app.get('/', (c) => {
  holds<Equal<typeof c.req.raw, Request>>()
  return c.text(`hello ${getMac(c.req.raw)?.user}`)
})

// The whole app.
export const whole = withMac(app)
holds<Equal<Parameters<typeof whole>[0], Request>>()
holds<Equal<ReturnType<typeof whole>, Promise<Response>>>()
whole(new Request('http://localhost/'))
whole(new Request('http://localhost/'), { STAGE: 'test' })
Bun.serve({ fetch: withMac(app) })
Bun.serve({ fetch: withMac(app.fetch, { mode: 'optional' }) })

// With the app's own bindings and variables.
type Env = { Bindings: { STAGE: string }; Variables: { user: string } }
const typed = new Hono<Env>().basePath('/api').get('/:id', (c) => c.json({ id: c.req.param('id') }))
export const wrapped = withMac(typed)
holds<Equal<Parameters<typeof wrapped>, Parameters<typeof typed.fetch>>>()
export default { fetch: wrapped }

// A part of an app whose other parts accept unsigned requests.
app.mount('/signed', withMac(typed))
app.mount(
  '/handler',
  withMac((request) => new Response(request.url)),
)
app.mount(
  '/arguments',
  withMac((request: Request, stage: string) => new Response(request.url + stage)),
)

// In a handler and in a middleware.
const signed = withMac((request: Request, user: (name: string) => Response) => {
  return user(getMac(request)?.user ?? 'nobody')
})
app.get('/me', (c) => signed(c.req.raw, (name) => c.text(name)))
const verify = withMac(
  async (_request: Request, next: () => Promise<void>, answer: () => Response) => {
    await next()
    return answer()
  },
)
app.use('/private/*', async (c, next) => verify(c.req.raw, next, () => c.res))

// @ts-expect-error: a context has its Request elsewhere, as c.req.raw
export const wrong = withMac((c: Context) => c.text('hello'))
