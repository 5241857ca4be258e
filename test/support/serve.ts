import { createMac, type Mac, type MacError, type MacOptions } from '../../src/index.ts'
import { listen } from './listen.ts'
import { outcome } from './outcome.ts'
import { authorization, type Key } from './sign.ts'

/** A server with two handlers of one Mac. `/open` accepts anonymous callers, other paths do not. */
export interface Served extends AsyncDisposable {
  readonly mac: Mac
  /** Why requests were rejected, so far. */
  readonly rejections: readonly MacError[]
  /** Sends a signed request. Rejects after ten seconds. */
  send(key: Key): Promise<string>
  /** Sends a request with this Authorization header. */
  sendHeader(header: string): Promise<string>
  sign(key: Key): string
  /** Sends a request without credentials to `/open`. */
  sendAnonymous(): Promise<string>
}

export async function serve(database: string, options: MacOptions = {}): Promise<Served> {
  const rejections: MacError[] = []
  const mac = createMac({ ...options, database, onReject: (error) => rejections.push(error) })
  const app = () => new Response()
  const required = mac.withMac(app)
  const optional = mac.withMac(app, { mode: 'optional' })
  const server = await listen((request) =>
    request.url.endsWith('/open') ? optional(request) : required(request),
  )
  const url = `http://127.0.0.1:${server.port}`
  const get = (path: string, headers: Record<string, string> = {}) =>
    outcome(fetch(url + path, { headers, signal: AbortSignal.timeout(10_000) }))
  const sign = (key: Key) => authorization(key, `${url}/`)
  const sendHeader = (header: string) => get('/', { authorization: header })
  return {
    mac,
    rejections,
    sign,
    sendHeader,
    send: (key) => sendHeader(sign(key)),
    sendAnonymous: () => get('/open'),
    async [Symbol.asyncDispose]() {
      await server.close()
      await mac.close()
    },
  }
}
