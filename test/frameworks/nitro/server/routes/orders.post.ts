import { fromWebHandler } from 'nitro/h3'
import { getMac } from 'withmac'
import { mac } from '../utils/mac'

export default fromWebHandler(
  mac.withMac(
    async (request: Request) => {
      const order: unknown = await request.json()
      const { user, bodyVerified } = getMac(request) ?? {}
      return Response.json({ user, bodyVerified, order }, { status: 201 })
    },
    { maxBodyBytes: 250_000 },
  ),
)
