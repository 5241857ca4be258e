import { serve } from 'srvx'

/** Serves with srvx on node:http, or on node:http2 if there is a certificate. */
export async function listen(handler, tls) {
  const secure = tls === null ? {} : { tls, node: { http2: true } }
  const options = { fetch: handler, hostname: '127.0.0.1', port: 0, silent: true, ...secure }
  const server = serve(options)
  await server.ready()
  return Number(new URL(server.url).port)
}

/** The option `requestTarget` for this adapter. */
export const requestTarget = (request) => request.runtime.node.req
