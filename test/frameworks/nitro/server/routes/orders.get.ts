// server/routes/orders.get.ts
import { fromWebHandler } from 'nitro/h3'
import { getMac } from 'withmac'
import { mac } from '../utils/mac'

export default fromWebHandler(
  mac.withMac((request: Request) => {
    const page = new URL(request.url).searchParams.get('page')
    return Response.json({ user: getMac(request)?.user, page })
  }),
)
