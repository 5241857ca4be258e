import { randomBytes } from 'node:crypto'
import { request } from 'node:http'

const PATIENCE_MS = 5000

/**
 * Opens a WebSocket, sends one text and reads one. Written by hand, because Node's own class cannot send header
 * fields.
 *
 * @returns The status of the handshake, and the text that came back; `null` if it was no WebSocket.
 */
export function exchangeText(port, target, { authorization = null, host, text = 'hello' }) {
  const headers = {
    host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    ...(authorization !== null && { authorization }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: target, headers, timeout: PATIENCE_MS })
    sent.on('timeout', () => sent.destroy(new Error(`${target}: no handshake in time`)))
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode, text: null }))
    })
    sent.on('upgrade', ({ statusCode: status }, socket, head) => {
      let received = head
      const read = () => {
        const answer = textOf(received)
        if (answer === null) return
        socket.destroy()
        resolve({ status, text: answer })
      }
      socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`${target}: no text in time`)))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error(`${target}: the socket was closed`)))
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        read()
      })
      socket.write(frame(text))
      read()
    })
    sent.end()
  })
}

/** A masked frame with a short text (RFC 6455 §5.2). */
function frame(text) {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const masked = payload.map((byte, index) => byte ^ mask[index % 4])
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked])
}

/** Returns the short text of a whole frame; `null` while it is not complete. */
function textOf(received) {
  if (received.length < 2 || received.length < 2 + received[1]) return null
  return received.subarray(2, 2 + received[1]).toString()
}

export async function demandSocket(client, port) {
  const { host } = new URL(client.origin)
  const authorization = client.sign('GET', '/socket')
  const steps = [
    [{}, 401, null],
    [{ authorization }, 101, 'ada said hello'],
    [{ authorization }, 401, null],
  ]
  for (const [more, status, text] of steps) {
    const answer = await exchangeText(port, '/socket', { ...more, host })
    if (answer.status === status && answer.text === text) continue
    throw new Error(`${status} ${text} was expected, but this came: ${JSON.stringify(answer)}`)
  }
}
