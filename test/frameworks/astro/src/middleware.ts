// src/middleware.ts: protects all routes below /account, and pages too.
// src/env.d.ts declares context.locals.user.
import { defineMiddleware } from 'astro:middleware'
import { mac } from './mac'

export const onRequest = defineMiddleware(async (context, next) => {
  if (/^\/account(?:\/|$)/.test(context.routePattern)) {
    const verdict = await mac.verify(context)
    if (!verdict.ok) return verdict.response()
    context.locals.user = verdict.identity.user
  }
  return next()
})
