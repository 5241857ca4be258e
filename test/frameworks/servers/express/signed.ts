// signed.ts: app.get('/orders', signed, handler)
import type { RequestHandler } from 'express'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { createMac, type MacIdentity } from 'withmac'

declare global {
  namespace Express {
    interface Locals {
      mac: MacIdentity
      /** For its body: withmac has read a signed one, so express.json() could not read it any more. */
      request: globalThis.Request
    }
  }
}

export const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

/** Lets only signed requests pass. `res.locals.mac` is the identity. */
export const signed: RequestHandler = async (req, res, next) => {
  const request = new NodeRequest({ req, res })
  // Not req.url: under app.use('/admin', …) it lacks the prefix.
  const verdict = await mac.verify(request, { requestTarget: req.originalUrl })
  if (!verdict.ok) return sendNodeResponse(res, await verdict.response())
  Object.assign(res.locals, { mac: verdict.identity, request })
  next()
}
