import type { H3 } from 'h3'
import { getMac, getMacError } from 'withmac'
import { mac } from './mac.ts'

export function addRoutes(app: H3): void {
  // A mounted web handler gets a URL without the prefix.
  const show = (request: Request) => Response.json({ user: getMac(request)?.user })
  app.mount('/unsaid', { fetch: mac.withMac(show) })
  const path = (request: Request) => `/shop${new URL(request.url).pathname}`
  app.mount('/shop', { fetch: mac.withMac(show, { path }) })

  // For everyone. A signed request has a user, an unsigned one is from a stranger.
  app.use('/guestbook', async (event, next) => {
    const verdict = await mac.verify(event, { mode: 'optional' })
    return verdict.ok ? next() : verdict.response()
  })
  app.get('/guestbook', ({ req }) => ({
    user: getMac(req)?.user ?? 'stranger',
    why: getMacError(req)?.code ?? null,
  }))
  app.post('/guestbook', async ({ req }) => ({
    user: getMac(req)?.user ?? 'stranger',
    entry: Object.fromEntries(await req.formData()),
  }))
}
