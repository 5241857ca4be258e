import { createSecureServer } from 'node:http2'
import { serve } from '@hono/node-server'

/** node:http, or node:http2 with a certificate, through @hono/node-server. */
export function listen(handler, tls) {
  const serverOptions = { ...tls, allowHTTP1: true }
  const secure = tls === null ? {} : { createServer: createSecureServer, serverOptions }
  return new Promise((resolve) => {
    const options = { fetch: handler, hostname: '127.0.0.1', port: 0, ...secure }
    serve(options, ({ port }) => resolve(port))
  })
}

/** The recipe of the option `requestTarget`. */
export const requestTarget = (_request, env) => env.incoming
