import type { FetchHandler } from './handler.ts'

interface DenoServer {
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: FetchHandler,
  ): void
}

/** Serves a handler with the usual server of the runtime. @returns The port. */
export async function listen(fetch: FetchHandler): Promise<number> {
  const hostname = '127.0.0.1'
  if (process.versions.bun !== undefined) {
    // The longest possible time: on a busy machine an answer may take ten seconds.
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
