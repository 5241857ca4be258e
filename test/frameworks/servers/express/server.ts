// node express/server.ts
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { NodeRequest, sendNodeResponse } from 'srvx/node'
import { createMac, getMac, getMacError, type MacIdentity } from 'withmac'

declare global {
  namespace Express {
    interface Locals {
      mac: MacIdentity
    }
  }
}

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })
const app = express()

/** Lets only signed requests pass. `res.locals.mac` is the identity. */
const signed: express.RequestHandler = async (req, res, next) => {
  const request = new NodeRequest({ req, res })
  // `url` lacks the prefix of app.use('/admin', …).
  const verdict = await mac.verify(request, { requestTarget: req.originalUrl })
  if (!verdict.ok) return sendNodeResponse(res, await verdict.response())
  res.locals.mac = verdict.identity
  // withmac has read a signed body from `req`, so it is parsed here, and not by express.json().
  if (req.is('json')) req.body = await request.json()
  next()
}

app.get('/orders', signed, (req, res) => {
  res.json({ user: res.locals.mac.user, page: req.query.page ?? null })
})
app.post('/orders', signed, (req, res) => {
  const { user, bodyVerified } = res.locals.mac
  res.status(201).json({ user, bodyVerified, order: req.body })
})
app.get('/account', signed, (_req, res) => void res.json({ user: res.locals.mac.user }))
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
