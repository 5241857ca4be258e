import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

const PATIENCE_MS = 5000

/**
 * Sends bytes over a new socket, without any client library.
 *
 * @param bytes A string of Latin-1, or several, each sent a moment after the one before.
 * @param ca The certificate to trust, for TLS.
 * @returns The status, and the header and body as text. `status` is `closed` if the server closed the
 *   connection without an answer, and `hangs` if no answer came.
 */
export function exchange(port, bytes, { wholeBody = false, ca = null } = {}) {
  return new Promise((resolve) => {
    let answer = ''
    const socket = open(port, ca, () => writeAll(socket, [bytes].flat()))
    const hangs = setTimeout(() => finish('hangs'), PATIENCE_MS)
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
      if (!wholeBody && answer.includes('\r\n\r\n')) finish()
    })
    // A server may reject a long request before it has read all of it.
    socket.on('error', () => finish())
    socket.on('close', () => finish())

    function finish(without = 'closed') {
      clearTimeout(hangs)
      socket.destroy()
      const [head = '', ...body] = answer.split('\r\n\r\n')
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]
      resolve({
        status: status === undefined ? without : Number(status),
        head,
        body: body.join(''),
      })
    }
  })
}

/** Writes pieces with pauses, because without them they would arrive as one. */
function writeAll(socket, [piece, ...rest]) {
  if (socket.destroyed) return
  socket.write(piece, 'latin1')
  if (rest.length > 0) setTimeout(() => writeAll(socket, rest), 10)
}

function open(port, ca, ready) {
  const host = '127.0.0.1'
  if (ca === null) return connect({ port, host }, ready)
  return connectSecurely({ port, host, ca, servername: 'localhost' }, ready)
}

/** @returns The value of a header field of an answer, or `null`. */
export function field({ head }, name) {
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name}:`))
  return line === undefined ? null : line.slice(name.length + 1).trim()
}

/** Sends a well-formed request. @returns The answer with its complete body. */
export async function send(port, { method = 'GET', target = '/', host, authorization, body = '' }) {
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
  if (authorization !== undefined) lines.push(`Authorization: ${authorization}`)
  if (body !== '') lines.push(`Content-Length: ${body.length}`)
  const answer = await exchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`, { wholeBody: true })
  const chunked = field(answer, 'transfer-encoding') === 'chunked'
  return chunked ? { ...answer, body: unchunk(answer.body) } : answer
}

function unchunk(body) {
  const [size, rest] = [body.slice(0, body.indexOf('\r\n')), body.slice(body.indexOf('\r\n') + 2)]
  const length = Number.parseInt(size, 16)
  return length > 0 ? rest.slice(0, length) + unchunk(rest.slice(length + 2)) : ''
}
