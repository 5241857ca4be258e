// signed.ts: app.register(async (app) => { app.addHook('preParsing', signed); app.get('/orders', …) })
import { Readable } from 'node:stream'
import type { preParsingAsyncHookHandler } from 'fastify'
import { NodeRequest } from 'srvx/node'
import { createMac, type MacIdentity } from 'withmac'

declare module 'fastify' {
  interface FastifyRequest {
    mac: MacIdentity
  }
}

export const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

/** Lets only signed requests pass. `request.mac` is the identity. */
export const signed: preParsingAsyncHookHandler = async (request, reply, payload) => {
  const fetched = new NodeRequest({ req: request.raw, res: reply.raw })
  const verdict = await mac.verify(fetched, { requestTarget: request.originalUrl })
  if (!verdict.ok) return reply.send(await verdict.response())
  request.mac = verdict.identity
  // withmac has read a signed body: Fastify must parse what it has read.
  return fetched.body === null ? payload : Readable.from(fetched.body)
}
