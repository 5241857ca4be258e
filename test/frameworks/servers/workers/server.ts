// wrangler deploy workers/server.ts. DATABASE_URL is the connection string of PostgreSQL, or of Hyperdrive.
import { Pool } from 'pg'
import { createMac, getMac } from 'withmac'

async function orders(request: Request): Promise<Response> {
  const { user, bodyVerified } = getMac(request) ?? {}
  if (request.method === 'POST') {
    return Response.json({ user, bodyVerified, order: await request.json() }, { status: 201 })
  }
  return Response.json({ user, page: new URL(request.url).searchParams.get('page') })
}

interface Context {
  waitUntil(work: Promise<unknown>): void
}

export default {
  async fetch(request: Request, env: { DATABASE_URL: string }, context: Context) {
    // One request cannot use the connections of another, so each request gets a Mac of its own.
    const pool = new Pool({ connectionString: env.DATABASE_URL, max: 2 })
    const mac = createMac({ database: pool, body: 'optional', maxBodyBytes: 250_000 })
    try {
      return await mac.withMac(orders)(request)
    } finally {
      context.waitUntil(mac.close().then(() => pool.end()))
    }
  },
}
