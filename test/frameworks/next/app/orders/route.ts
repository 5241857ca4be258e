// app/orders/route.ts
import { getMac } from 'withmac'
import { mac } from '../../lib/mac'

export const GET = mac.withMac((request: Request) => {
  const page = new URL(request.url).searchParams.get('page')
  return Response.json({ user: getMac(request)?.user, page })
})

export const POST = mac.withMac(
  async (request: Request) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { maxBodyBytes: 250_000 },
)
