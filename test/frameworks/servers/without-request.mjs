import { createServer } from 'node:http'
import { createMac, getMac } from 'withmac'

/* Serves one path with the framework that the first argument names, as it must not be done. */

const mac = createMac()
await mac.createCredential('ada', {
  id: 'ada-laptop',
  key: 'only-for-development-and-tests',
  ifExists: 'keep',
})
const orders = mac.withMac((request) => {
  return Response.json({ user: getMac(request).user })
})
const listening = { port: Number(process.env.PORT), host: '127.0.0.1' }

/** Each passes the handler where a framework expects its own kind of handler. */
const SERVERS = {
  'node:http': () => createServer(orders).listen(listening),
  'express-5': async () => express(await import('express'), orders),
  'express-4': async () => express(await import('express-4'), orders),
  async connect() {
    const { default: connect } = await import('connect')
    createServer(connect().use('/orders', orders)).listen(listening)
  },
  async koa() {
    const { default: Koa } = await import('koa')
    new Koa().use(orders).listen(listening)
  },
  async fastify() {
    const { default: fastify } = await import('fastify')
    await fastify().get('/orders', orders).listen(listening)
  },
  async hono() {
    const { serve } = await import('@hono/node-server')
    const { Hono } = await import('hono')
    const app = new Hono()
    app.get('/orders', orders)
    serve({ fetch: app.fetch, port: listening.port, hostname: listening.host })
  },
}

function express({ default: make }, handler) {
  make().all('/orders', handler).listen(listening.port, listening.host)
}

await SERVERS[process.argv[2]]()
