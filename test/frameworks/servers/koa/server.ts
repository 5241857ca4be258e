import { getRequestListener } from '@hono/node-server'
import Koa from 'koa'
import { getMac, getMacError } from 'withmac'
import { mac, type State, signed } from './signed.ts'

// A handler of the Fetch API needs only an adapter. This one is for everybody.
const guestbook = getRequestListener(
  mac.withMac(
    async (request) => {
      const user = getMac(request)?.user ?? 'stranger'
      if (request.method !== 'POST') {
        return Response.json({ user, why: getMacError(request)?.code ?? null })
      }
      return Response.json({ user, entry: Object.fromEntries(await request.formData()) })
    },
    { mode: 'optional' },
  ),
)

const app = new Koa<State>()
app.use((ctx, next) => {
  if (ctx.path !== '/guestbook') return next()
  ctx.respond = false
  return guestbook(ctx.req, ctx.res)
})
app.use(signed)
app.use(async (ctx) => {
  const { mac, request } = ctx.state
  if (ctx.path === '/moved') ctx.redirect('/orders?page=2')
  else if (ctx.path === '/account' && ctx.method === 'POST') {
    ctx.body = { user: mac.user, order: await request.json() }
  } else if (ctx.path === '/account') ctx.body = { user: mac.user }
  else if (ctx.method === 'POST') {
    ctx.status = 201
    ctx.body = {
      user: mac.user,
      bodyVerified: mac.bodyVerified,
      order: await request.json(),
    }
  } else ctx.body = { user: mac.user, page: ctx.query.page ?? null }
})

app.listen(Number(process.env.PORT))
