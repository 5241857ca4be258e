// server/middleware/account.ts: protects all routes below /account.
import { defineMiddleware } from 'nitro/h3'
import { mac } from '../utils/mac'

export default defineMiddleware(async (event, next) => {
  if (!/^\/account(?:\/|$)/.test(event.url.pathname)) return next()
  const verdict = await mac.verify(event)
  return verdict.ok ? next() : verdict.response()
})
