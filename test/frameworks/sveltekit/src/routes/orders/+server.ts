// For signed requests alone. SvelteKit answers HEAD with GET, and the client signs what it sends.
import { getMac, withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(({ request, url }) =>
  Response.json({ user: getMac(request)?.user, page: url.searchParams.get('page') }),
)

export const POST: RequestHandler = withMac(async ({ request }) => {
  const order: unknown = await request.json()
  return Response.json({ user: getMac(request)?.user, order }, { status: 201 })
})
