// Guarded by server/middleware/account.ts. It is not wrapped again, because a request is verified once.
import { defineHandler } from 'nitro/h3'
import { getMac } from 'withmac'

export default defineHandler(async ({ req }) => {
  const { user } = getMac(req) ?? {}
  return req.method === 'POST' ? { user, order: await req.json() } : { user }
})
