/** Serves with Deno.serve, whose `request.url` contains the target as it was sent. */
export function listen(handler, tls) {
  return new Promise((resolve) => {
    const onListen = ({ port }) => resolve(port)
    globalThis.Deno.serve({ hostname: '127.0.0.1', port: 0, onListen, ...tls }, handler)
  })
}
