// src/hooks.server.ts: protects all routes below /account, and pages too.
// src/app.d.ts declares event.locals.user.
import type { RequestEvent } from '@sveltejs/kit'
import type { Handle } from '@sveltejs/kit/hooks'
import { getMac, withMac } from 'withmac'

type Resolve = Parameters<Handle>[0]['resolve']

const guarded = withMac((event: RequestEvent, resolve: Resolve) => {
  const identity = getMac(event.request)
  if (identity !== null) event.locals.user = identity.user
  return resolve(event)
})

export const handle: Handle = ({ event, resolve }) =>
  event.route.id?.startsWith('/account') ? guarded(event, resolve) : resolve(event)
