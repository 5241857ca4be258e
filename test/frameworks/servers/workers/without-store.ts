import { createMac } from 'withmac'

/* What a new user tries first: SQLite, or the URL of PostgreSQL. The path says which. */

export default {
  async fetch(request: Request): Promise<Response> {
    const database = decodeURIComponent(new URL(request.url).pathname.slice(1))
    const mac = createMac({ database })
    const why = await mac.ready().then(() => 'it is open', String)
    const { status } = await mac.withMac(() => new Response('signed'))(
      new Request('http://localhost/', {
        headers: { authorization: 'MAC id="a", ts="1", nonce="n", mac="AAAA"' },
      }),
    )
    return Response.json({ why, status })
  },
}
