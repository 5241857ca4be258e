// signed.ts: app.use(signed)
import type { Middleware } from 'koa'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { createMac, type MacIdentity } from 'withmac'

export interface State {
  mac: MacIdentity
  /** For its body, which withmac has read if it is signed. */
  request: Request
}

export const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

/** Lets only signed requests pass. `ctx.state.mac` is the identity. */
export const signed: Middleware<State> = async (ctx, next) => {
  const request = new NodeRequest({ req: ctx.req, res: ctx.res })
  const verdict = await mac.verify(request, { requestTarget: ctx.originalUrl })
  if (!verdict.ok) {
    ctx.respond = false
    return sendNodeResponse(ctx.res, await verdict.response())
  }
  Object.assign(ctx.state, { mac: verdict.identity, request })
  await next()
}
