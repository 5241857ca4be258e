// A resource route that accepts only signed requests.
import { getMac } from 'withmac'
import { mac } from '../mac.server'
import type { Route } from './+types/orders'

export const loader = mac.withMac(({ request }: Route.LoaderArgs) => {
  const page = new URL(request.url).searchParams.get('page')
  return Response.json({ user: getMac(request)?.user, page })
})

export const action = mac.withMac(
  async ({ request }: Route.ActionArgs) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { maxBodyBytes: 250_000 },
)
