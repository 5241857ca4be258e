import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { exchange } from './raw.mjs'
import { sign } from './sign.mjs'

export const HOST = 'example.com'
/** The `maxBodyBytes` of the servers. */
export const LIMIT = 1_000_000

/** The ways to send a body. `slowly` sends its pieces one after the other. */
export const FRAMINGS = {
  'with its length': (body) => [`Content-Length: ${body.length}\r\n\r\n${body}`],
  'in chunks': (body) => [`Transfer-Encoding: chunked\r\n\r\n${chunked(pieces(body))}`],
  slowly: (body) => [`Content-Length: ${body.length}\r\n\r\n`, ...pieces(body)],
  'slowly in chunks': (body) => [
    'Transfer-Encoding: chunked\r\n\r\n',
    ...pieces(body).map(chunk),
    chunk(''),
  ],
}

function pieces(body) {
  const size = Math.max(1, Math.ceil(body.length / 3))
  return [0, size, 2 * size].map((at) => body.slice(at, at + size)).filter((piece) => piece !== '')
}

export const chunk = (piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`
const chunked = (all) => [...all, ''].map(chunk).join('')

export function breakOff(port, bytes, abrupt) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.write(bytes, 'latin1', () => {
        // The server must be reading the body when the connection ends.
        setTimeout(() => (abrupt ? socket.resetAndDestroy() : socket.end()), 20)
      })
    })
    socket.on('error', () => {})
    socket.on('close', resolve)
    socket.resume()
    setTimeout(() => socket.destroy(), 200)
  })
}

export function accepted(read, ext = null) {
  return [200, { bodyVerified: true, ext, why: null, digest: sha256(read) }]
}

export function sha256(text) {
  return createHash('sha256').update(text, 'latin1').digest('base64')
}

export function bare(method, target, ext = '') {
  return sign({ method, target, host: HOST, port: '80' }, { ext })
}

export function authorize({ method = 'POST', target, body, ext = '' }) {
  return bare(method, target, `sha-256=:${sha256(body)}:${ext}`)
}

export function bytesOf({
  method = 'POST',
  target,
  body,
  framing = 'with its length',
  type,
  ...rest
}) {
  const authorization =
    rest.authorization ??
    (rest.authorization === null ? null : authorize({ method, target, body, ...rest }))
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, 'Connection: close']
  if (authorization !== null) lines.push(`Authorization: ${authorization}`)
  if (type !== undefined) lines.push(`Content-Type: ${type}`)
  if (framing === 'without') return `${lines.join('\r\n')}\r\n\r\n`
  const [first, ...others] = FRAMINGS[framing](body)
  return [`${lines.join('\r\n')}\r\n${first}`, ...others]
}

/** @returns The status, and the answer of the handler or the code of the rejection. */
export async function send(port, request) {
  const { status, head, body } = await exchange(port, bytesOf(request), { wholeBody: true })
  const json = /\{.*\}/s.exec(body)?.[0]
  if (json === undefined) return [status, head]
  return [status, status === 200 ? JSON.parse(json) : JSON.parse(json).code]
}
