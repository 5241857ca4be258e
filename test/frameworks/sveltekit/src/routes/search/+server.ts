// For clients that sign the request target as they send it. SvelteKit shows it in the form of new URL(),
// with %27 for ' in a query. adapter-node keeps the request of Node, which has the target as it was sent.
import { getMac, withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(
  ({ request, url }) =>
    Response.json({ user: getMac(request)?.user, found: url.searchParams.get('q') }),
  { requestTarget: (event) => event.platform?.req },
)
