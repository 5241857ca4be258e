// node docs/examples/hono-node.ts, on Node 24; or: npx bun docs/examples/hono-node.ts
import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createMac, getMac } from 'withmac'

const mac = createMac({
  database: process.env.MAC_DATABASE_URL ?? 'sqlite::memory:',
  body: 'optional',
  rateLimit: { failures: { requests: 20, seconds: 60 }, requests: { requests: 100, seconds: 60 } },
})

const app = new Hono<{ Bindings: HttpBindings }>()
app.get('/me', (c) => c.json({ user: getMac(c.req.raw)?.user }))
app.post('/orders', async (c) => {
  const { user, bodyVerified } = getMac(c.req.raw) ?? {}
  if (!bodyVerified) return c.json({ error: 'sign the body too' }, 400)
  return c.json({ user, order: await c.req.text() }, 201)
})

// All routes need a signature. withmac verifies the target that node:http received, not the normalized URL.
const requestTarget = (_request: Request, env: HttpBindings) => env.incoming
const fetch = mac.withMac(app, { requestTarget })

await mac.ready()
const { id, key } = await mac.createCredential('ada')
const server = serve({ fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  const url = `http://localhost:${port}/me`
  console.log(`MAC_ID=${id} MAC_KEY=${key} npx bun docs/examples/client.ts ${url}`)
})

process.on('SIGTERM', () => server.close(() => void mac.close()))
