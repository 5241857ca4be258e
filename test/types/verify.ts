import { createMac, type MacIdentity, type MacVerdict, verify } from 'withmac'
import { type Equal, holds } from './exact.ts'

const mac = createMac({ database: 'sqlite::memory:' })
const request = new Request('http://localhost/')
holds<Equal<typeof mac.verify, typeof verify>>()

/** A middleware in three lines. */
export async function middleware(given: Request, next: () => Promise<Response>): Promise<Response> {
  const verdict = await verify(given, { scope: 'orders:read' })
  if (!verdict.ok) return verdict.response()
  holds<Equal<typeof verdict.identity, MacIdentity>>()
  return next()
}

// The identity can be null if an anonymous client is accepted.
export const required = await verify(request, { mode: 'required', allowPreflight: false })
holds<Equal<typeof required, MacVerdict>>()
export const optional = await verify(request, { mode: 'optional' })
holds<Equal<typeof optional, MacVerdict<MacIdentity | null>>>()
export const preflight = await verify(request, { allowPreflight: true })
if (preflight.ok) holds<Equal<typeof preflight.identity, MacIdentity | null>>()

// What frameworks wrap around a request.
await verify({ request })
await verify({ req: request }, { path: '/api/a', clientAddress: undefined })
await verify({ req: { raw: request } }, { requestTarget: '/a' })

// @ts-expect-error: a value, not a function
await verify(request, { path: () => '/api' })
// @ts-expect-error: no response for an accepted request
if (required.ok) required.response()
// @ts-expect-error: not a request
await verify('http://localhost/')
