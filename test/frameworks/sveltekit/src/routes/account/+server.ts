// Guarded by hooks.server.ts. It is not wrapped again, because a request is verified once.
import type { RequestHandler } from './$types'

export const GET: RequestHandler = ({ locals }) => Response.json({ user: locals.user })

export const POST: RequestHandler = async ({ locals, request }) =>
  Response.json({ user: locals.user, order: await request.json() })
