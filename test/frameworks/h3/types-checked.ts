// tsc checks here what the types promise. The expected errors show that they are not `any`.
import type { H3Event } from 'h3'
import { getMac, getMacError, type MacErrorCode } from 'withmac'
import { mac } from './mac.ts'

export const verified = async (event: H3Event): Promise<Response | string> => {
  const verdict = await mac.verify(event)
  // @ts-expect-error: a rejected request has no identity
  verdict.identity
  if (!verdict.ok) return verdict.response()
  const user: string | undefined = getMac(event)?.user
  const code: MacErrorCode | undefined = getMacError(event)?.code
  // @ts-expect-error: the user may be undefined
  const surely: string = getMac(event)?.user
  return `${user} ${code} ${surely} ${verdict.identity.user}`
}
