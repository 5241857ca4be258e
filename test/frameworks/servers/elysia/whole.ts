import { Elysia } from 'elysia'
import { createMac, getMac } from 'withmac'

/* A whole application behind withMac. */

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })
const app = new Elysia()
  .get('/orders', ({ request, query }) => ({
    user: getMac(request)?.user,
    page: query.page ?? null,
  }))
  .post('/orders', ({ request, body, status }) => {
    const { user, bodyVerified } = getMac(request) ?? {}
    return status(201, { user, bodyVerified, order: body })
  })
  .get('/account', ({ request }) => ({ user: getMac(request)?.user }))
  .post('/account', ({ request, body }) => ({ user: getMac(request)?.user, order: body }))
  .get('/account/*', ({ request }) => ({ user: getMac(request)?.user }))

Bun.serve({ fetch: mac.withMac(app) })
