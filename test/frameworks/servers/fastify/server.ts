// node fastify/server.ts
import { Readable } from 'node:stream'
import fastify from 'fastify'
import { NodeRequest } from 'srvx/node'
import { createMac, getMacError, type MacIdentity } from 'withmac'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who signed the request. Only routes of the plugin `signed` have it. */
    mac: MacIdentity
    guest: { user: string; why: string | null }
  }
}

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })
const app = fastify()

app.register(async (signed) => {
  // Not the hook onRequest: withmac reads a signed body, so what it has read is what Fastify must parse.
  signed.addHook('preParsing', async (request, reply, payload) => {
    const fetched = new NodeRequest({ req: request.raw, res: reply.raw })
    const verdict = await mac.verify(fetched, { requestTarget: request.originalUrl })
    if (!verdict.ok) return reply.send(await verdict.response())
    request.mac = verdict.identity
    return fetched.body === null ? payload : Readable.from(fetched.body)
  })
  signed.get<{ Querystring: { page?: string } }>('/orders', ({ mac, query }) => {
    return { user: mac.user, page: query.page ?? null }
  })
  signed.post('/orders', ({ mac: { user, bodyVerified }, body }, reply) => {
    return reply.code(201).send({ user, bodyVerified, order: body })
  })
  signed.get('/account', ({ mac }) => ({ user: mac.user }))
  signed.get('/moved', (_request, reply) => reply.redirect('/orders?page=2'))
})

app.register(async (everybody) => {
  everybody.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, form: string) => Object.fromEntries(new URLSearchParams(form)),
  )
  everybody.addHook('onRequest', async (request, reply) => {
    const fetched = new NodeRequest({ req: request.raw, res: reply.raw })
    const options = {
      mode: 'optional',
      body: 'ignore',
      requestTarget: request.originalUrl,
    } as const
    const verdict = await mac.verify(fetched, options)
    if (!verdict.ok) return reply.send(await verdict.response())
    request.guest = {
      user: verdict.identity?.user ?? 'stranger',
      why: getMacError(fetched)?.code ?? null,
    }
  })
  everybody.get('/guestbook', ({ guest }) => guest)
  everybody.post('/guestbook', ({ guest, body }) => ({ user: guest.user, entry: body }))
})

app.listen({ port: Number(process.env.PORT) })
