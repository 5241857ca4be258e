// Not a route: tsc checks here what the types promise. The expected errors show that they are not `any`.
import type { APIContext, APIRoute } from 'astro'
import { getMac, getMacError, type MacErrorCode } from 'withmac'
import { mac } from './mac'

export const GET: APIRoute = mac.withMac(({ request, params }) => {
  const user: string | undefined = getMac(request)?.user
  const code: MacErrorCode | undefined = getMacError(request)?.code
  // @ts-expect-error: the user may be undefined
  const surely: string = getMac(request)?.user
  // @ts-expect-error: a parameter may be undefined
  const [id]: string[] = Object.values(params)
  return Response.json({ user, code, surely, id })
})

export const verified = async (context: APIContext): Promise<Response | string> => {
  const verdict = await mac.verify(context)
  // @ts-expect-error: a rejected request has no identity
  verdict.identity
  return verdict.ok ? verdict.identity.user : verdict.response()
}

// @ts-expect-error: a handler returns a Response
export const POST: APIRoute = mac.withMac(({ params }) => params)

export const userOf = (context: APIContext): string | undefined => getMac(context)?.user
