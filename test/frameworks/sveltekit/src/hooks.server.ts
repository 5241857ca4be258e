// src/hooks.server.ts: protects all routes below /account, and pages too.
// src/app.d.ts declares event.locals.user.
import type { Handle } from '@sveltejs/kit/hooks'
import { verify } from 'withmac'

export const handle: Handle = async ({ event, resolve }) => {
  // A remote function has no route of its own: the client names one in a header.
  if (event.isRemoteRequest || /^\/account(?:\/|$)/.test(event.route.id ?? '')) {
    const verdict = await verify(event, { body: 'optional' })
    if (!verdict.ok) return verdict.response()
    event.locals.user = verdict.identity.user
  }
  return resolve(event)
}
