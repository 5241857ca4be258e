import { getMac, getMacError } from '../../src/index.ts'

/** A handler that tells what it got, and what it knows of it. */
export async function tellingApp(request: Request): Promise<Response> {
  const { ext = null, bodyVerified = null } = getMac(request) ?? {}
  const why = getMacError(request)?.code ?? null
  return Response.json({ body: await request.text(), ext, bodyVerified, why })
}
