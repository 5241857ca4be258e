import { connect, type Socket } from 'node:net'

/** An answer. `lost`: the connection broke first. `timeout`: no answer in time. */
export type Answer = { readonly status: number; readonly body: string } | 'lost' | 'timeout'

/**
 * A connection for one request after the other. It never sends a request again by itself, which would look
 * like a fault of the server.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #settle: ((answer: Answer) => void) | null = null
  closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => this.#receive(String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#settle?.('lost')
    })
  }

  /** @returns A connection, or `null` if nothing listens on the port. */
  static open(port: number): Promise<Connection | null> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(new Connection(socket)))
      socket.once('error', () => resolve(null))
    })
  }

  /** Sends the bytes of one request, once. */
  exchange(text: string, milliseconds: number): Promise<Answer> {
    if (this.closed) return Promise.resolve('lost')
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#settle?.('timeout')
        this.close()
      }, milliseconds)
      this.#settle = (answer) => {
        clearTimeout(timer)
        this.#settle = null
        resolve(answer)
      }
      this.#socket.write(text, 'latin1')
    })
  }

  close(): void {
    this.closed = true
    this.#socket.destroy()
  }

  #receive(chunk: string): void {
    this.#received += chunk
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#received.slice(0, end)
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1])
    if (this.#received.length < end + 4 + length) return
    const body = this.#received.slice(end + 4, end + 4 + length)
    this.#received = ''
    if (/^connection: *close/im.test(head)) this.closed = true
    this.#settle?.({ status: Number(head.slice(9, 12)), body })
  }
}
