import { createServer, request as forward } from 'node:http'
import { createMac, getMac, type MacOptions } from '../../src/index.ts'
import { type Listening, listen } from '../support/listen.ts'

/** A credential that the servers of these tests have. */
export const ADA = { id: 'ada', key: 'a-key-of-forty-three-characters-or-nearly-so' } as const
/** The same as variables for the command line. */
export const AS_ADA: Readonly<Record<string, string>> = { MAC_ID: ADA.id, MAC_KEY: ADA.key }

/** A server on a local port. It is closed at the end of its scope. */
export interface Served extends AsyncDisposable {
  readonly port: number
  readonly url: string
}

/** A server with withmac that greets the signer. By default it has its own store in memory. */
export async function serveMac(options: MacOptions = {}, key: string = ADA.key): Promise<Served> {
  const mac = createMac({ database: 'sqlite::memory:', ...options })
  await mac.createCredential('ada', { id: ADA.id, key, expires: null, ifExists: 'keep' })
  const server = await listen(
    mac.withMac(async (request) => {
      const identity = getMac(request)
      const body = await request.text()
      return new Response(`hello ${identity?.user} ${request.method} ${body} ${identity?.ext}\n`)
    }),
  )
  return served(server, () => mac.close())
}

/** A server without withmac. */
export async function serve(handler: (request: Request) => Response): Promise<Served> {
  return served(await listen(handler), async () => {})
}

/** A proxy that sends each request to the next server, and keeps the Host header. */
export function roundRobin(servers: readonly Served[]): Promise<Served> {
  return proxy(servers, Number.POSITIVE_INFINITY)
}

/** A proxy that forwards the first `most` requests, and answers all others with 429. */
export function limited(server: Served, most: number): Promise<Served> {
  return proxy([server], most)
}

function proxy(servers: readonly Served[], most: number): Promise<Served> {
  let next = 0
  const proxy = createServer((request, response) => {
    if (next >= most) {
      response.writeHead(429).end()
      return
    }
    const { method, url, headers } = request
    const port = servers[next++ % servers.length]?.port
    const onward = forward({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => {
      const { port } = proxy.address() as { port: number }
      const close = () =>
        new Promise<void>((closed) => {
          proxy.close(() => closed())
          proxy.closeAllConnections?.()
        })
      resolve(served({ port, close }, async () => {}))
    })
  })
}

function served({ port, close }: Listening, after: () => Promise<void>): Served {
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      await close()
      await after()
    },
  }
}
