import { getMac, withMac } from 'withmac'
import { type Equal, holds } from '../exact.ts'

const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)

Deno.serve(withMac(app))
Deno.serve({ port: 0 }, withMac(app, { mode: 'optional' }))
Deno.serve({ port: 0, handler: withMac(app) })
Deno.serve(
  withMac((request) => {
    holds<Equal<typeof request, Request>>()
    return app(request)
  }),
)

// With the information on the connection as the second argument.
Deno.serve(
  withMac((request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    const { hostname } = info.remoteAddr
    holds<Equal<typeof hostname, string>>()
    return new Response(hostname + getMac(request)?.user)
  }),
)
Deno.serve(
  { port: 0 },
  withMac((request, info) => {
    holds<Equal<typeof request, Request>>()
    holds<Equal<typeof info, Deno.ServeHandlerInfo<Deno.NetAddr>>>()
    return new Response(info.remoteAddr.hostname)
  }),
)
const onSocket = withMac((request: Request, info: Deno.ServeHandlerInfo<Deno.UnixAddr>) => {
  return new Response(info.remoteAddr.path + request.url)
})
Deno.serve({ path: 'app.sock' }, onSocket)

export default { fetch: withMac(app) } satisfies Deno.ServeDefaultExport
export const contextual: Deno.ServeHandler = withMac((request, info) => {
  holds<Equal<typeof request, Request>>()
  holds<Equal<typeof info, Deno.ServeHandlerInfo>>()
  return new Response(info.remoteAddr.transport)
})

// @ts-expect-error: Deno passes a Request, not an object that contains one
Deno.serve(withMac((context: { readonly request: Request }) => app(context.request)))
// @ts-expect-error: a TCP listener does not have such an address
Deno.serve({ port: 0 }, onSocket)
