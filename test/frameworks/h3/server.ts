// server.ts
import { plugin as websockets } from 'crossws/server'
import { defineWebSocketHandler, fromWebHandler, H3, type Middleware, redirect, serve } from 'h3'
import { createMac, getMac } from 'withmac'
import { addRoutes } from './more-routes.ts'

const mac = createMac({ origin: process.env.ORIGIN })
const app = new H3()

/** Accepts only signed requests. */
const signed: Middleware = async (event, next) => {
  const verdict = await mac.verify(event)
  return verdict.ok ? next() : verdict.response()
}

app.use('/account/**', signed)
app.get('/account', (event) => ({ user: getMac(event.req)?.user }))
app.get('/old-orders', () => redirect('/orders?page=2'), { middleware: [signed] })

// A WebSocket. crossws sends the response of a rejection, and does not open it.
const live = defineWebSocketHandler((event) => {
  const user = getMac(event.req)?.user
  return { open: (peer) => void peer.send(`hello ${user}`) }
})
app.get('/live', live, { middleware: [signed] })

// Single handlers, wrapped.
const showOrders = mac.withMac((request: Request) => {
  const page = new URL(request.url).searchParams.get('page')
  return Response.json({ user: getMac(request)?.user, page })
})
const takeOrder = mac.withMac(
  async (request: Request) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { body: 'optional', maxBodyBytes: 250_000 },
)
app.get('/orders', fromWebHandler(showOrders)).post('/orders', fromWebHandler(takeOrder))

addRoutes(app, mac)
serve(app, { plugins: [websockets({})] })
