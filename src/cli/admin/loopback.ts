import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

type Handler = (request: Request) => Promise<Response>

/** Bodies are forms. Larger ones are rejected. */
const MOST_BODY_BYTES = 1_000_000
/** How long requests may still run when the server is closed. */
const CLOSING_MS = 1000

/**
 * A server on 127.0.0.1, on Bun, Deno and Node.
 *
 * A request must name this server as its host. Otherwise a page of another site could read responses, after
 * the name of that site was pointed to 127.0.0.1.
 */
export class Loopback {
  readonly port: number
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  /**
   * Opens the port; 0 for a free one.
   * @throws Error of node:net if the port cannot be used.
   */
  static async open(port: number): Promise<Loopback> {
    const server = createServer()
    await listening(server, port)
    return new Loopback(server)
  }

  /** The address for a browser: `http://127.0.0.1:4321`. */
  get origin(): string {
    return new URL(`http://127.0.0.1:${this.port}`).origin
  }

  /**
   * Serves a handler from now on.
   * @param failed Is called with each error of the handler. The client does not learn it.
   */
  serve(handler: Handler, failed: (error: unknown) => void): void {
    const hosts = ['127.0.0.1', 'localhost'].map(
      (name) => new URL(`http://${name}:${this.port}`).host,
    )
    this.#server.on('request', (incoming, outgoing) => {
      answer(incoming, outgoing, hosts, handler, failed).catch((error) => {
        // If the browser has gone, that is no failure.
        if (!outgoing.destroyed) failed(error)
        outgoing.destroy()
      })
    })
  }

  /** Takes no further requests, and closes all connections, at the latest after a second. */
  close(): Promise<void> {
    return closed(this.#server)
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections?.()
      resolve()
    }, CLOSING_MS)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections?.()
  })
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  hosts: readonly string[],
  handler: Handler,
  failed: (error: unknown) => void,
): Promise<void> {
  const request = await read(incoming, outgoing, hosts)
  if ('refused' in request) return refuse(request, outgoing)
  let response: Response
  try {
    response = await handler(request)
  } catch (error) {
    failed(error)
    return refuse({ refused: 500, why: 'This failed. The terminal says why.' }, outgoing)
  }
  await write(response, request.method, outgoing)
}

function refuse({ refused, why }: Refused, outgoing: ServerResponse): void {
  outgoing.writeHead(refused, { ...PLAIN, connection: 'close' })
  outgoing.end(`${why}\n`)
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }

interface Refused {
  readonly refused: number
  readonly why: string
}

async function read(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  hosts: readonly string[],
): Promise<Request | Refused> {
  const { url = '', method = '', headers, rawHeaders } = incoming
  const host = (headers.host ?? '').toLowerCase()
  if (!hosts.includes(host)) {
    return { refused: 421, why: `This server is only for http://${hosts[0]}.` }
  }
  // Not the absolute form, which proxies get, and not "*".
  if (!url.startsWith('/')) return { refused: 400, why: 'The request target must be a path.' }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? await bodyOf(incoming) : null
  if (body === undefined) return { refused: 413, why: 'The body is too large.' }
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  try {
    const sent = new Headers()
    for (let at = 0; at < rawHeaders.length; at += 2) {
      sent.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
    }
    return new Request(`http://${host}${url}`, {
      ...{ method, body, headers: sent, signal: gone.signal },
    })
  } catch {
    return { refused: 400, why: 'The request is not valid.' }
  }
}

/** Returns the whole body; `null` if it is empty, `undefined` if it is too large. */
async function bodyOf(
  incoming: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer> | null | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MOST_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return size === 0 ? null : new Uint8Array(Buffer.concat(chunks))
}

async function write(
  { status, headers, body }: Response,
  method: string,
  outgoing: ServerResponse,
): Promise<void> {
  for (const [name, value] of headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value)
  }
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.writeHead(status)
  if (body === null || method === 'HEAD') {
    await body?.cancel()
    outgoing.end()
    return
  }
  // The types of the two kinds of streams do not agree.
  const readable = Readable.fromWeb(body as unknown as Parameters<typeof Readable.fromWeb>[0])
  await pipeline(readable, outgoing)
}
