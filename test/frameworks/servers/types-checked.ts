/* Checks what the types promise in each framework. The expected errors show that they are not `any`. */
import type { RequestHandler } from 'express'
import type { FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import type { Context } from 'koa'
import { createMac, type MacIdentity } from 'withmac'
import { type MacEnv, mac } from 'withmac/hono'
import { signed as inElysia } from './elysia/signed.ts'
import type { signed as inKoa } from './koa/signed.ts'

type Is<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const holds = <_ extends true>() => {}

const own = createMac()

new Hono().get('/', mac({ mac: own }), (c) => {
  holds<Is<typeof c.var.mac, MacIdentity>>()
  return c.text(c.var.mac.user)
})
new Hono().get('/', mac({ mode: 'optional' }), (c) => {
  holds<Is<typeof c.var.mac, MacIdentity | null>>()
  // @ts-expect-error: it may be null
  return c.text(c.var.mac.user)
})
new Hono<MacEnv>().use('/api/*', mac()).get('/api/me', (c) => c.text(c.var.mac.user))
new Hono().get('/', (c) => {
  // @ts-expect-error: there is no identity without the middleware
  return c.text(c.var.mac.user)
})

inElysia.get('/', ({ mac }) => {
  holds<Is<typeof mac, MacIdentity>>()
  return mac.user
})
inElysia.ws('/', {
  open(socket) {
    holds<Is<typeof socket.data.mac, MacIdentity>>()
  },
})
inElysia.derive(
  // @ts-expect-error: Elysia would ignore a returned response, and run the handler
  async ({ request }) => {
    const verdict = await own.verify(request)
    return verdict.ok ? { mac: verdict.identity } : verdict.response()
  },
)

export const inExpress: RequestHandler = (_req, res) => {
  holds<Is<typeof res.locals.mac, MacIdentity>>()
  res.send(res.locals.mac.user)
}
holds<Is<FastifyRequest['mac'], MacIdentity>>()
holds<Is<Parameters<typeof inKoa>[0]['state']['mac'], MacIdentity>>()
// @ts-expect-error: only behind the middleware is the state typed
holds<Is<Context['state']['mac'], MacIdentity>>()

export async function inSrvx(request: Request): Promise<Response> {
  const required = await own.verify(request)
  if (!required.ok) return required.response()
  holds<Is<typeof required.identity, MacIdentity>>()
  const optional = await own.verify(request, { mode: 'optional' })
  if (!optional.ok) return optional.response()
  holds<Is<typeof optional.identity, MacIdentity | null>>()
  return new Response(required.identity.user)
}
