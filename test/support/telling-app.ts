import { getMac, getMacError } from '../../src/index.ts'

/** A handler that answers with the body that it got, and with the identity and error of the request. */
export async function tellingApp(request: Request): Promise<Response> {
  const { ext = null, bodyVerified = null } = getMac(request) ?? {}
  const why = getMacError(request)?.code ?? null
  return Response.json({ body: await request.text(), ext, bodyVerified, why })
}
