// For everyone. A signed request has a user, an unsigned one is from a stranger.
import { getMac, getMacError, withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(
  ({ request }) =>
    Response.json({
      user: getMac(request)?.user ?? 'stranger',
      why: getMacError(request)?.code ?? null,
    }),
  { mode: 'optional' },
)

export const POST: RequestHandler = withMac(
  async ({ request }) => {
    const form = await request.formData()
    return Response.json({
      user: getMac(request)?.user ?? 'stranger',
      entry: Object.fromEntries(form),
    })
  },
  { mode: 'optional' },
)
