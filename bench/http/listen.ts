import type { FetchHandler } from './handler.ts'

interface DenoServer {
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: FetchHandler,
  ): void
}

/** Puts a handler behind the server that each runtime is used with, and gives the port. */
export async function listen(fetch: FetchHandler): Promise<number> {
  const hostname = '127.0.0.1'
  if (process.versions.bun !== undefined) {
    // The longest that there is: on a busy machine ten seconds without an answer are no fault.
    return Bun.serve({ hostname, port: 0, fetch, idleTimeout: 255 }).port ?? 0
  }
  const { Deno } = globalThis as { Deno?: DenoServer }
  if (Deno !== undefined) {
    return new Promise((resolve) => {
      Deno.serve({ hostname, port: 0, onListen: ({ port }) => resolve(port) }, fetch)
    })
  }
  const { serve } = await import('@hono/node-server')
  return new Promise((resolve) => {
    serve({ fetch, hostname, port: 0 }, ({ port }) => resolve(port))
  })
}
