// orders.ts
import { fromWebHandler } from 'h3'
import { getMac } from 'withmac'
import { mac } from './mac.ts'

/** Single handlers, wrapped: app.get('/orders', showOrders).post('/orders', takeOrder) */
export const showOrders = fromWebHandler(
  mac.withMac((request: Request) => {
    const page = new URL(request.url).searchParams.get('page')
    return Response.json({ user: getMac(request)?.user, page })
  }),
)

export const takeOrder = fromWebHandler(
  mac.withMac(
    async (request: Request) => {
      const order: unknown = await request.json()
      const { user, bodyVerified } = getMac(request) ?? {}
      return Response.json({ user, bodyVerified, order }, { status: 201 })
    },
    { maxBodyBytes: 250_000 },
  ),
)
