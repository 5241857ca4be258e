import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

/**
 * Listens between a client and a server, passes on each byte, and remembers what the client sent. A relay with
 * a certificate decrypts, and encrypts again for the server.
 */
export async function relay(upstream, certificate = null) {
  const sent = []
  const onClient = (client) => {
    const server = connect(upstream, certificate)
    const chunks = []
    sent.push(chunks)
    client.on('data', (chunk) => chunks.push(chunk))
    client.pipe(server).pipe(client)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  }
  const listening =
    certificate === null ? net.createServer(onClient) : tls.createServer(certificate, onClient)
  listening.listen(0, '127.0.0.1').unref()
  await once(listening, 'listening')
  return {
    port: listening.address().port,
    /** Returns the requests since the last call, each as its bytes. */
    take: () => sent.splice(0).flatMap((chunks) => requestsIn(Buffer.concat(chunks))),
    /** Sends bytes to the server, and returns the status of its answer. */
    send: (bytes) => statusOf(connect(upstream, certificate), bytes),
  }
}

function connect(port, certificate) {
  const socket =
    certificate === null
      ? net.connect(port, '127.0.0.1')
      : tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  return socket.setNoDelay()
}

async function statusOf(socket, bytes) {
  socket.write(bytes)
  let head = ''
  for await (const chunk of socket) {
    head += chunk.toString('latin1')
    if (head.includes('\r\n\r\n')) break
  }
  socket.destroy()
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? []
  if (status === undefined) throw new Error(`the server sent no status: ${head}`)
  return Number(status)
}

/** Splits what a connection carried into requests. A body has a Content-Length in all of them. */
function requestsIn(bytes) {
  const requests = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) throw new Error(`a client sent half a request: ${rest}`)
    const [, length = '0'] =
      /\r\ncontent-length: *(\d+)/i.exec(rest.toString('latin1', 0, end + 2)) ?? []
    const size = end + 4 + Number(length)
    requests.push(rest.subarray(0, size))
    rest = rest.subarray(size)
  }
  return requests
}

/** Reads the request line and the two fields that a MAC is about, as text in Latin-1. */
export function readRequest(bytes) {
  const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'))
  const [line, ...fields] = head.split('\r\n')
  const [method, target] = line.split(' ')
  const field = (name) =>
    fields
      .find((each) => each.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim()
  return { method, target, host: field('host'), authorization: field('authorization') }
}

/** Returns a request with another target, and otherwise the same bytes. */
export function withTarget(bytes, target) {
  const { method, target: before } = readRequest(bytes)
  const start = Buffer.from(`${method} ${target}`, 'latin1')
  return Buffer.concat([start, bytes.subarray(method.length + 1 + before.length)])
}
