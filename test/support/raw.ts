import { connect } from 'node:net'

/** An answer, parsed from the bytes on the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/**
 * Sends bytes over a socket without a change, and reads the answer until the server closes the
 * connection. So the request should carry `Connection: close`. Rejects after ten seconds.
 *
 * @param text Its characters are sent as Latin-1 bytes.
 */
export function sendRaw(port: number, text: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within ten seconds')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A server that stops in the middle of a long request sends an answer and resets the connection.
    socket.on('error', (error) => {
      if (chunks.length === 0) reject(error)
    })
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks).toString('latin1'))))
  })
}

/** @returns The text of a request with this first line and these header fields. */
export function rawRequest(line: string, fields: readonly string[]): string {
  return [`${line} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n')
}

/** Parses an answer. The status is 0 if the connection was closed without an answer. */
function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end === -1 ? text.length : end).split('\r\n')
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0)
  return { status, headers, body: end === -1 ? '' : text.slice(end + 4) }
}
