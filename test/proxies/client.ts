import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { authorization, type Key } from '../support/sign.ts'

/** A way into the proxy: a port and a version of HTTP. */
export interface Entry {
  readonly name: string
  /** As a client signs it. */
  readonly origin: string
  readonly port: number
  readonly http2: boolean
}

export const HOST = 'api.example.com'
const entry = (name: string, origin: string, port: number, http2 = false): Entry => ({
  name,
  origin,
  port,
  http2,
})
export const HTTP: Entry = entry('80', `http://${HOST}`, 80)
export const HTTPS: Entry = entry('443', `https://${HOST}`, 443)
export const HTTP2: Entry = entry('443 with HTTP/2', `https://${HOST}`, 443, true)
export const OTHER_PORT: Entry = entry('8443', `https://${HOST}:8443`, 8443)
export const ENTRIES: readonly Entry[] = [HTTP, HTTPS, HTTP2, OTHER_PORT]

/** What the proxy answered. The status is 0 if it closed the connection. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** A request as it is sent, byte for byte. */
export interface Sent {
  readonly entry: Entry
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address that the client connects from. */
  readonly from?: string
}

/** How long a client waits for an answer, in milliseconds. On a busy machine, an explanation takes seconds. */
const PATIENCE = 30_000

/** Signs and sends requests. */
export class Client {
  readonly #key: Key
  readonly #ca: string

  constructor(key: Key, ca: string) {
    this.#key = key
    this.#ca = ca
  }

  /** Returns the `Authorization` of a request for this entry. */
  sign({ entry, method = 'GET', target }: Sent, origin: string = entry.origin): string {
    return authorization(this.#key, `${origin}/`, { method, target })
  }

  /** Signs a request and sends it. */
  request(sent: Sent): Promise<Answer> {
    return this.send({ ...sent, headers: { authorization: this.sign(sent), ...sent.headers } })
  }

  /** Sends a request without a signature of its own. */
  send(sent: Sent): Promise<Answer> {
    return sent.entry.http2 ? this.#sendHttp2(sent) : this.#sendHttp1(sent)
  }

  /**
   * Opens a WebSocket with a signed request.
   * @returns The status, and the bytes that the server sent after it.
   */
  socket(sent: Sent, until: string): Promise<Answer> {
    const fields = {
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    }
    const headers = { authorization: this.sign(sent), ...fields, ...sent.headers }
    return this.#sendHttp1({ ...sent, headers }, until)
  }

  #sendHttp1({ entry, method = 'GET', target, headers = {}, from }: Sent, until?: string) {
    const fields = Object.entries({ host: new URL(entry.origin).host, ...headers })
    const body = method === 'POST' ? 'body' : ''
    if (method === 'POST') fields.push(['content-length', String(body.length)])
    if (until === undefined) fields.push(['connection', 'close'])
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const socket = this.#connect(entry, from)
    socket.write(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`, 'latin1')
    return new Promise<Answer>((resolve) => {
      let text = ''
      const end = () => {
        socket.destroy()
        const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1] ?? 0)
        resolve({ status, text: text.slice(text.indexOf('\r\n\r\n') + 4) })
      }
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        // A server may keep the connection open although it was asked to close it.
        if (until === undefined ? isWhole(text) : text.includes(until) || !/ 101 /.test(text)) end()
      })
      socket.on('error', end)
      socket.on('close', end)
      socket.setTimeout(PATIENCE, end)
    })
  }

  #connect({ port, origin }: Entry, localAddress?: string): Socket {
    const where = { host: '127.0.0.1', port, ...(localAddress && { localAddress }) }
    if (origin.startsWith('http:')) return connect(where)
    return connectTls({ ...where, servername: HOST, ca: this.#ca, ALPNProtocols: ['http/1.1'] })
  }

  #sendHttp2({ entry, method = 'GET', target, headers = {} }: Sent) {
    return new Promise<Answer>((resolve) => {
      const session = connectHttp2(entry.origin, {
        createConnection: () =>
          connectTls({
            host: '127.0.0.1',
            port: entry.port,
            servername: HOST,
            ca: this.#ca,
            ALPNProtocols: ['h2'],
          }),
      })
      let status = 0
      let text = ''
      const end = () => {
        session.destroy()
        resolve({ status, text })
      }
      session.on('error', end)
      session.on('close', end)
      const stream = session.request({
        ':method': method,
        ':path': target,
        ':scheme': 'https',
        ':authority': new URL(entry.origin).host,
        ...headers,
      })
      stream.on('response', (fields) => {
        status = Number(fields[':status'])
      })
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
      })
      stream.on('end', end)
      stream.on('error', end)
      stream.setTimeout(PATIENCE, end)
      stream.end(method === 'POST' ? 'body' : undefined)
    })
  }
}

/** Whether an answer has arrived to its end. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = text.slice(0, end)
  const body = text.slice(end + 4)
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (length !== undefined) return body.length >= Number(length)
  return /^transfer-encoding: *chunked/im.test(head) && /(^|\r\n)0\r\n\r\n$/.test(body)
}
