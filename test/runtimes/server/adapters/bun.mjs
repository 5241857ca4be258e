/** Serves with Bun.serve, which does not show the target on the wire. */
export function listen(handler, tls) {
  const secure = tls === null ? {} : { tls, http2: true }
  const server = globalThis.Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: handler, ...secure })
  return server.port
}
