import { Elysia } from 'elysia'
import { getMac, getMacError } from 'withmac'
import { mac, signed } from './signed.ts'

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
  .get('/orders/:id', ({ mac, params }) => ({ user: mac.user, id: params.id }))
  .post(
    '/orders',
    async ({ mac: { user, bodyVerified }, request, status }) =>
      status(201, { user, bodyVerified, order: await request.json() }),
    { parse: 'none' },
  )
  .get('/account', ({ request }) => ({ user: getMac(request)?.user }))
  .post('/account', async ({ mac, request }) => ({ user: mac.user, order: await request.json() }), {
    parse: 'none',
  })
  .get('/moved', ({ redirect }) => redirect('/orders?page=2'))
  .ws('/socket', {
    message(socket, text) {
      socket.send(`${socket.data.mac.user} said ${text}`)
    },
  })
  .listen(Number(process.env.PORT))
