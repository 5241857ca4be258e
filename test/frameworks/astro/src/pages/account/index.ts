// Guarded by src/middleware.ts. It is not wrapped again, because a request is verified once.
import type { APIRoute } from 'astro'

export const GET: APIRoute = ({ locals }) => Response.json({ user: locals.user })

export const POST: APIRoute = async ({ locals, request }) =>
  Response.json({ user: locals.user, order: await request.json() })
