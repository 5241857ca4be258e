// src/pages/orders.ts
import type { APIRoute } from 'astro'
import { getMac } from 'withmac'
import { mac } from '../mac'

export const GET: APIRoute = mac.withMac(({ request, url }) =>
  Response.json({ user: getMac(request)?.user, page: url.searchParams.get('page') }),
)

export const POST: APIRoute = mac.withMac(
  async ({ request }) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { maxBodyBytes: 250_000 },
)
