// Guarded by hooks.server.ts. It does not wrap again: a request is verified once.
import type { RequestHandler } from './$types'

export const GET: RequestHandler = ({ locals }) => Response.json({ user: locals.user })
