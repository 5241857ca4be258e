// For everyone. A signed request has a user, an unsigned one is from a stranger.
import type { APIRoute } from 'astro'
import { getMac, getMacError } from 'withmac'
import { mac } from '../mac'

export const GET: APIRoute = mac.withMac(
  ({ request }) =>
    Response.json({
      user: getMac(request)?.user ?? 'stranger',
      why: getMacError(request)?.code ?? null,
    }),
  { mode: 'optional' },
)

export const POST: APIRoute = mac.withMac(
  async ({ request }) => {
    const form = await request.formData()
    return Response.json({
      user: getMac(request)?.user ?? 'stranger',
      entry: Object.fromEntries(form),
    })
  },
  { mode: 'optional' },
)
