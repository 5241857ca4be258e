import { randomBytes } from 'node:crypto'
import { request } from 'node:http'

const PATIENCE_MS = 20_000

/**
 * Asks a server on 127.0.0.1 to open a WebSocket.
 *
 * @param headers More header fields, such as `host` and `authorization`.
 * @returns The status, and if it is 101, the first text that the server sends.
 */
export function openWebSocket(port, path, headers) {
  const fields = {
    ...headers,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  }
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: fields, agent: false }
    const sent = request({ ...options, timeout: PATIENCE_MS })
    sent.on('timeout', () => sent.destroy(new Error(`${path}: no answer in time`)))
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode, headers: response.headers })
    })
    sent.on('upgrade', (response, socket, head) => {
      let received = head
      const read = () => {
        // An unmasked frame with a short text: 0x81, its length, the text.
        if (received.length < 2 || received.length < 2 + received[1]) return
        socket.destroy()
        resolve({
          status: response.statusCode,
          text: received.toString('utf8', 2, 2 + received[1]),
        })
      }
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        read()
      })
      socket.on('error', reject)
      read()
    })
    sent.end()
  })
}
