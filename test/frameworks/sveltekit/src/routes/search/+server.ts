// For clients that sign the request target as they send it. SvelteKit shows it as URLs are written,
// with %27 for ' in a query; adapter-node keeps Node's own request, where it stands as it came.
import { getMac, withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(
  ({ request, url }) =>
    Response.json({ user: getMac(request)?.user, found: url.searchParams.get('q') }),
  { requestTarget: (event) => event.platform?.req },
)
