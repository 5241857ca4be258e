// Guarded by proxy.ts. It is not wrapped again, because a request is verified once.
import { macUser } from '../../lib/mac-user'

export const GET = async () => Response.json({ user: await macUser() })

export const POST = async (request: Request) =>
  Response.json({ user: await macUser(), order: await request.json() })
