import type { AddressInfo } from 'node:net'

type Fetch = (request: Request) => Promise<Response>

/** A server that listens. `stop` waits for the requests that are being answered. */
export interface Listening {
  readonly port: number
  stop(): Promise<unknown>
}

/** The part of Deno that is used here. Its types are not available. */
interface Deno {
  serve(
    options: { hostname: string; port: number; onListen(at: { port: number }): void },
    handler: Fetch,
  ): { shutdown(): Promise<void> }
}

/**
 * Serves HTTP with the server of the runtime.
 * @param port By default a free one.
 */
export async function listen(handler: Fetch, port = 0): Promise<Listening> {
  if (process.versions.bun !== undefined) return onBun(handler, port)
  const { Deno } = globalThis as { Deno?: Deno }
  return Deno === undefined ? onNode(handler, port) : onDeno(Deno, handler, port)
}

function onBun(fetch: Fetch, port: number): Listening {
  // A connection that is closed because it is idle would look like a crash.
  const server = Bun.serve({ hostname: '127.0.0.1', port, idleTimeout: 255, fetch })
  return { port: server.port ?? 0, stop: () => server.stop() }
}

function onDeno(deno: Deno, handler: Fetch, wanted: number): Promise<Listening> {
  return new Promise((resolve) => {
    const onListen = ({ port }: { port: number }) =>
      resolve({ port, stop: () => server.shutdown() })
    const server = deno.serve({ hostname: '127.0.0.1', port: wanted, onListen }, handler)
  })
}

async function onNode(handler: Fetch, wanted: number): Promise<Listening> {
  const { createServer } = await import('node:http')
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, outgoing) => {
    const headers = incoming.headers as Record<string, string>
    const url = `http://${headers.host}${incoming.url}`
    const answer = await handler(new Request(url, { method: incoming.method ?? 'GET', headers }))
    const body = Buffer.from(await answer.arrayBuffer())
    outgoing.writeHead(answer.status, {
      ...Object.fromEntries(answer.headers),
      'content-length': body.length,
    })
    outgoing.end(body)
  })
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeIdleConnections()
    })
  return { port, stop }
}
