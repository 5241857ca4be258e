// Accepts only signed requests. SvelteKit answers HEAD with GET. The client signs the method that it sends.
import { getMac, withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(({ request, url }) =>
  Response.json({ user: getMac(request)?.user, page: url.searchParams.get('page') }),
)

export const POST: RequestHandler = withMac(
  async ({ request }) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { body: 'optional', maxBodyBytes: 250_000 },
)
