import { serve } from 'srvx'

/** node:http, or node:http2 with a certificate, through srvx. */
export async function listen(handler, tls) {
  const secure = tls === null ? {} : { tls, node: { http2: true } }
  const options = { fetch: handler, hostname: '127.0.0.1', port: 0, silent: true, ...secure }
  const server = serve(options)
  await server.ready()
  return Number(new URL(server.url).port)
}

/** The recipe of the option `requestTarget`. */
export const requestTarget = (request) => request.runtime.node.req
