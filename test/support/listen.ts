type Handler = (request: Request) => Response | Promise<Response>

/** A server on 127.0.0.1, on a free port. */
export interface Listening {
  readonly port: number
  /** Stops the server at once, and closes all connections. */
  close(): Promise<void>
}

/** Serves a handler with the server of the runtime that runs the tests. */
export function listen(handler: Handler): Promise<Listening> {
  if (process.versions.bun !== undefined) return listenOnBun(handler)
  return process.versions.deno === undefined ? listenOnNode(handler) : listenOnDeno(handler)
}

async function listenOnBun(handler: Handler): Promise<Listening> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, idleTimeout: 30, fetch: handler })
  return { port: server.port ?? 0, close: () => server.stop(true) }
}

/** The part of `Deno` that is used here. The types of Bun do not know it. */
interface DenoServing {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen(): void },
    handler: Handler,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> }
}

async function listenOnDeno(handler: Handler): Promise<Listening> {
  const { Deno } = globalThis as unknown as { Deno: DenoServing }
  const abort = new AbortController()
  const { signal } = abort
  const options = { hostname: '127.0.0.1', port: 0, signal, onListen: () => {} }
  const { addr, finished } = Deno.serve(options, handler)
  return {
    port: addr.port,
    close() {
      abort.abort()
      return finished
    },
  }
}

async function listenOnNode(handler: Handler): Promise<Listening> {
  const { serve } = await import('@hono/node-server')
  return new Promise((resolve) => {
    const options = { fetch: handler, hostname: '127.0.0.1', port: 0 }
    const server = serve(options, ({ port }) => {
      const close = () =>
        new Promise<void>((closed) => {
          server.close(() => closed())
          if ('closeAllConnections' in server) server.closeAllConnections()
        })
      resolve({ port, close })
    })
  })
}
