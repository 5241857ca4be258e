// node koa/server.ts
import Koa from 'koa'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { createMac, getMacError, type MacIdentity } from 'withmac'

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })
const app = new Koa<{ mac: MacIdentity | null; signed: Request }>()

// `ctx.state.mac` is the identity; null for a stranger, who gets no further than the guestbook.
app.use(async (ctx, next) => {
  const request = new NodeRequest({ req: ctx.req, res: ctx.res })
  const mode = ctx.path === '/guestbook' ? 'optional' : 'required'
  const verdict = await mac.verify(request, { mode, requestTarget: ctx.originalUrl })
  if (!verdict.ok) {
    ctx.respond = false
    return sendNodeResponse(ctx.res, await verdict.response())
  }
  Object.assign(ctx.state, { mac: verdict.identity, signed: request })
  await next()
})

app.use(async (ctx) => {
  const { mac, signed } = ctx.state
  if (ctx.path === '/guestbook' && ctx.method === 'POST') {
    ctx.body = { user: mac?.user ?? 'stranger', entry: Object.fromEntries(await signed.formData()) }
  } else if (ctx.path === '/guestbook') {
    ctx.body = { user: mac?.user ?? 'stranger', why: getMacError(signed)?.code ?? null }
  } else if (ctx.path === '/moved') {
    ctx.redirect('/orders?page=2')
  } else if (ctx.path === '/account') {
    ctx.body = { user: mac?.user }
  } else if (ctx.method === 'POST') {
    ctx.status = 201
    ctx.body = { user: mac?.user, bodyVerified: mac?.bodyVerified, order: await signed.json() }
  } else {
    ctx.body = { user: mac?.user, page: ctx.query.page ?? null }
  }
})

app.listen(Number(process.env.PORT))
