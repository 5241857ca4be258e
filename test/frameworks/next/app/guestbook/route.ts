// For everyone. A signed request has a user, an unsigned one is from a stranger.
import { getMac, getMacError } from 'withmac'
import { mac } from '../../lib/mac'

export const GET = mac.withMac(
  (request: Request) =>
    Response.json({
      user: getMac(request)?.user ?? 'stranger',
      why: getMacError(request)?.code ?? null,
    }),
  { mode: 'optional' },
)

export const POST = mac.withMac(
  async (request: Request) => {
    const form = await request.formData()
    return Response.json({
      user: getMac(request)?.user ?? 'stranger',
      entry: Object.fromEntries(form),
    })
  },
  { mode: 'optional' },
)
