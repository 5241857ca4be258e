// deno run -A deno/server.ts
import { createMac, getMac, getMacError } from 'withmac'

const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

const signed = mac.withMac(async (request) => {
  const { user, bodyVerified } = getMac(request) ?? {}
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/account' && request.method === 'POST') {
    return Response.json({ user, order: await request.json() })
  }
  if (pathname === '/account') return Response.json({ user })
  if (pathname === '/moved') return Response.redirect(new URL('/orders?page=2', request.url))
  if (pathname === '/socket') {
    const { socket, response } = Deno.upgradeWebSocket(request)
    socket.onmessage = ({ data }) => socket.send(`${user} said ${data}`)
    return response
  }
  if (request.method === 'POST') {
    return Response.json({ user, bodyVerified, order: await request.json() }, { status: 201 })
  }
  return Response.json({ user, page: searchParams.get('page') })
})

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

Deno.serve({ port: Number(Deno.env.get('PORT')) }, (request) => {
  // Not `new URL(…)`, which throws if an attacker sends a malformed Host.
  const path = URL.parse(request.url)?.pathname
  return path === '/guestbook' ? guestbook(request) : signed(request)
})
