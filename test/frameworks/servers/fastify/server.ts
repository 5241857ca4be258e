import fastify from 'fastify'
import { NodeRequest } from 'srvx/node'
import { getMacError } from 'withmac'
import { mac, signed } from './signed.ts'

declare module 'fastify' {
  interface FastifyRequest {
    visitor: { user: string; why: string | null }
  }
}

const app = fastify()

app.register(async (app) => {
  app.addHook('preParsing', signed)
  app.get<{ Querystring: { page?: string } }>('/orders', ({ mac, query }) => {
    return { user: mac.user, page: query.page ?? null }
  })
  app.post('/orders', ({ mac: { user, bodyVerified }, body }, reply) => {
    return reply.code(201).send({ user, bodyVerified, order: body })
  })
  app.get('/account', ({ mac }) => ({ user: mac.user }))
  app.post('/account', ({ mac, body }) => ({ user: mac.user, order: body }))
  app.get('/moved', (_request, reply) => reply.redirect('/orders?page=2'))
})

// For everybody. No body is bound here, so onRequest is early enough.
app.register(async (app) => {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, form: string) => Object.fromEntries(new URLSearchParams(form)),
  )
  app.addHook('onRequest', async (request, reply) => {
    const fetched = new NodeRequest({ req: request.raw, res: reply.raw })
    const verdict = await mac.verify(fetched, {
      mode: 'optional',
      body: 'ignore',
      requestTarget: request.originalUrl,
    })
    if (!verdict.ok) return reply.send(await verdict.response())
    const why = getMacError(fetched)?.code ?? null
    request.visitor = { user: verdict.identity?.user ?? 'stranger', why }
  })
  app.get('/guestbook', ({ visitor }) => visitor)
  app.post('/guestbook', ({ visitor, body }) => ({ user: visitor.user, entry: body }))
})

app.listen({ port: Number(process.env.PORT) })
