import { createSecureServer } from 'node:http2'
import { serve } from '@hono/node-server'

/** Serves with @hono/node-server on node:http, or on node:http2 if there is a certificate. */
export function listen(handler, tls) {
  const serverOptions = { ...tls, allowHTTP1: true }
  const secure = tls === null ? {} : { createServer: createSecureServer, serverOptions }
  return new Promise((resolve) => {
    const options = { fetch: handler, hostname: '127.0.0.1', port: 0, ...secure }
    serve(options, ({ port }) => resolve(port))
  })
}

/** The option `requestTarget` for this adapter. */
export const requestTarget = (_request, env) => env.incoming
