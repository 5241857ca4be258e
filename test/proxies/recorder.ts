import { connect, createServer, type Server } from 'node:net'

/** The field that names a request, so that its copies are found. */
export const ID_FIELD = 'x-test-id'
/** The field that asks the recorder to close the connection after the request has arrived. */
export const FAULT_FIELD = 'x-test-fault'

/**
 * Stands between the proxy and the servers, and keeps the head of each request as it arrived. It passes on every
 * byte unchanged. A request with the field `x-test-fault` is *not* passed on: its connection is closed without an
 * answer, as by a server that breaks down while it works on the request.
 */
export class Recorder {
  readonly #heads: string[] = []
  readonly #servers: Server[] = []

  static async start(ports: readonly number[], backend: number): Promise<Recorder> {
    const recorder = new Recorder()
    for (const port of ports) await recorder.#listen(port, backend)
    return recorder
  }

  /** Returns the heads of all copies of a request. */
  find(id: string): readonly string[] {
    return this.#heads.filter((head) => fieldOf(head, ID_FIELD) === id)
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }

  #listen(port: number, backend: number): Promise<void> {
    const server = createServer((socket) => {
      const upstream = connect(backend, '127.0.0.1')
      const end = () => {
        socket.destroy()
        upstream.destroy()
      }
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
          const head = text.slice(0, end)
          text = text.slice(end + 4)
          // A body or a frame of a WebSocket may be in front of the head.
          this.#heads.push(head)
          if (fieldOf(head, FAULT_FIELD) !== null) {
            socket.destroy()
            return
          }
        }
        upstream.write(chunk)
      })
      upstream.on('data', (chunk) => socket.write(chunk))
      for (const side of [socket, upstream]) side.on('close', end).on('error', end)
    })
    this.#servers.push(server)
    return new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  }
}

/** Returns the value of a field; `null` if there is none. */
export function fieldOf(head: string, name: string): string | null {
  const line = head.split('\r\n').find((line) => line.toLowerCase().startsWith(`${name}:`))
  return line === undefined ? null : line.slice(name.length + 1).trim()
}

/** Returns the request target of a head. */
export function targetOf(head: string): string | null {
  return /^\S+ (.*) HTTP\/1\.\d\r\n/.exec(head)?.[1] ?? null
}
