// For everyone. A signed request has a user, an unsigned one is from a stranger.
import { getMac, getMacError } from 'withmac'
import { mac } from '../mac.server'
import type { Route } from './+types/guestbook'

export const loader = mac.withMac(
  ({ request }: Route.LoaderArgs) =>
    Response.json({
      user: getMac(request)?.user ?? 'stranger',
      why: getMacError(request)?.code ?? null,
    }),
  { mode: 'optional' },
)

export const action = mac.withMac(
  async ({ request }: Route.ActionArgs) => {
    const form = await request.formData()
    return Response.json({
      user: getMac(request)?.user ?? 'stranger',
      entry: Object.fromEntries(form),
    })
  },
  { mode: 'optional' },
)
