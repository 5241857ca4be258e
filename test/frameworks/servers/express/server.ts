import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { getMac, getMacError } from 'withmac'
import { mac, signed } from './signed.ts'

const app = express()
app.get('/orders', signed, (req, res) => {
  res.json({ user: res.locals.mac.user, page: req.query.page ?? null })
})
app.post('/orders', signed, async (_req, res) => {
  const { mac, request } = res.locals
  const { user, bodyVerified } = mac
  res.status(201).json({ user, bodyVerified, order: await request.json() })
})
app.post('/account', signed, async (_req, res) => {
  const { mac, request } = res.locals
  res.json({ user: mac.user, order: await request.json() })
})
app.use('/account', signed, (_req, res) => void res.json({ user: res.locals.mac.user }))
app.get('/moved', signed, (_req, res) => res.redirect('/orders?page=2'))

// A handler of the Fetch API needs only an adapter. This one is for everybody.
const guestbook = mac.withMac(
  async (request) => {
    const user = getMac(request)?.user ?? 'stranger'
    if (request.method !== 'POST') {
      return Response.json({ user, why: getMacError(request)?.code ?? null })
    }
    return Response.json({ user, entry: Object.fromEntries(await request.formData()) })
  },
  { mode: 'optional' },
)
app.all('/guestbook', getRequestListener(guestbook))

app.listen(Number(process.env.PORT))
