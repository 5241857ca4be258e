// For clients whose query is not written as URLSearchParams writes it. server.mjs keeps the target as it was sent.
import { getMac } from 'withmac'
import { mac } from '../../lib/mac'

export const GET = mac.withMac(
  (request: Request) => {
    const found = new URL(request.url).searchParams.get('q')
    return Response.json({ user: getMac(request)?.user, found })
  },
  { requestTarget: (request) => request.headers.get('x-request-target') ?? undefined },
)
