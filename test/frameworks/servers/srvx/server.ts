// node srvx/server.ts, or with Bun or Deno
import { serve } from 'srvx'
import { createMac, getMac, getMacError } from 'withmac'

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

const guestbook = mac.withMac(
  async (request) => {
    const user = getMac(request)?.user ?? 'stranger'
    if (request.method === 'GET')
      return Response.json({ user, why: getMacError(request)?.code ?? null })
    return Response.json({ user, entry: Object.fromEntries(await request.formData()) })
  },
  { mode: 'optional' },
)

serve({
  fetch: async (request) => {
    // Not `new URL(…)`, which throws if an attacker sends a malformed Host.
    if (URL.parse(request.url)?.pathname === '/guestbook') return guestbook(request)
    const verdict = await mac.verify(request)
    if (!verdict.ok) return verdict.response()
    const { user, bodyVerified } = verdict.identity
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/account' && request.method === 'POST') {
      return Response.json({ user, order: await request.json() })
    }
    if (pathname === '/account') return Response.json({ user: getMac(request)?.user })
    if (pathname === '/moved') return Response.redirect(new URL('/orders?page=2', request.url))
    if (request.method === 'POST') {
      return Response.json({ user, bodyVerified, order: await request.json() }, { status: 201 })
    }
    return Response.json({ user, page: searchParams.get('page') })
  },
})
