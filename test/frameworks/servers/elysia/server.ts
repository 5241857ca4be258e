// bun elysia/server.ts
import { Elysia } from 'elysia'
import { createMac, getMac, getMacError } from 'withmac'

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

// Routes that are added after `.use(signed)` need a signature. `mac` is the identity. The response is thrown:
// if it were returned, Elysia would go on.
const signed = new Elysia({ name: 'signed' }).resolve({ as: 'scoped' }, async ({ request }) => {
  const verdict = await mac.verify(request)
  if (!verdict.ok) throw await verdict.response()
  return { mac: verdict.identity }
})

// For everybody. `mac` is null for a stranger.
const guestbook = new Elysia({ prefix: '/guestbook' })
  .resolve(async ({ request }) => {
    const verdict = await mac.verify(request, { mode: 'optional', body: 'ignore' })
    if (!verdict.ok) throw await verdict.response()
    return { mac: verdict.identity, why: getMacError(request)?.code ?? null }
  })
  .get('/', ({ mac, why }) => ({ user: mac?.user ?? 'stranger', why }))
  .post('/', ({ mac, body }) => ({ user: mac?.user ?? 'stranger', entry: body }))

new Elysia()
  .use(guestbook)
  .use(signed)
  .get('/orders', ({ mac, query }) => ({ user: mac.user, page: query.page ?? null }))
  .post(
    '/orders',
    async ({ mac: { user, bodyVerified }, request, status }) =>
      status(201, { user, bodyVerified, order: await request.json() }),
    // withmac reads the body, so Elysia must not have read it before.
    { parse: 'none' },
  )
  .get('/account', ({ request }) => ({ user: getMac(request)?.user }))
  .get('/moved', ({ redirect }) => redirect('/orders?page=2'))
  .ws('/socket', {
    message(socket, text) {
      socket.send(`${socket.data.mac.user} said ${text}`)
    },
  })
  .listen(Number(process.env.PORT))
