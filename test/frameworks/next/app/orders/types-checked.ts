// Not a route: tsc checks here what the types promise. The expected errors show that they are not `any`.
import type { NextRequest } from 'next/server'
import { getMac, getMacError, type MacErrorCode } from 'withmac'
import { mac } from '../../lib/mac'

export const GET = mac.withMac(
  async (request: NextRequest, { params }: RouteContext<'/orders'>) => {
    const user: string | undefined = getMac(request)?.user
    const code: MacErrorCode | undefined = getMacError(request)?.code
    // @ts-expect-error: the user may be undefined
    const surely: string = getMac(request)?.user
    // @ts-expect-error: the route has no parameter of this name
    const { id } = await params
    return Response.json({ user, code, surely, id, path: request.nextUrl.pathname })
  },
)

export const verified = async (request: NextRequest): Promise<Response | string> => {
  const verdict = await mac.verify(request)
  // @ts-expect-error: a rejected request has no identity
  verdict.identity
  return verdict.ok ? verdict.identity.user : verdict.response()
}
