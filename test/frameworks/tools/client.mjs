import { request } from 'node:http'
import { sign } from './sign.mjs'
import { openWebSocket } from './websocket.mjs'

const PATIENCE_MS = 20_000

/** A client of the server on a port. */
export class Client {
  #port
  #origin

  /** @param origin The origin to sign and to send as `Host`: the server's own, or that of a proxy. */
  constructor(port, origin = `http://127.0.0.1:${port}`) {
    this.#port = port
    this.#origin = origin
  }

  get origin() {
    return this.#origin
  }

  /**
   * Returns an `Authorization` header for a request, so that a test can send it twice or with another
   * request. Binds a body if there is one.
   */
  sign(method, target, bound = null) {
    return sign(method, this.#origin, target, bound)
  }

  /** Sends a request. @returns Status, headers and body. A JSON body is parsed. */
  send(method, target, { authorization = null, headers = {}, body = null } = {}) {
    const { host, protocol } = new URL(this.#origin)
    const fields = { host, ...headers }
    // As a proxy that ends TLS.
    if (protocol === 'https:') fields['x-forwarded-proto'] = 'https'
    if (authorization !== null) fields.authorization = authorization
    if (body !== null) fields['content-length'] = String(Buffer.byteLength(body))
    return exchange({ port: this.#port, method, path: target, headers: fields }, body)
  }

  /** Asks for a WebSocket. @returns The status, and if it is 101, the first text that the server sends. */
  open(target, authorization = null) {
    const { host } = new URL(this.#origin)
    return openWebSocket(this.#port, target, {
      host,
      ...(authorization === null ? {} : { authorization }),
    })
  }

  /** Signs a request and sends it. */
  signed(method, target, more = {}) {
    return this.send(method, target, { ...more, authorization: this.sign(method, target) })
  }
}

/** Sends without `fetch`, which would rewrite the target and does not allow another `Host`. */
function exchange(options, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, host: '127.0.0.1', agent: false, timeout: PATIENCE_MS })
    sent.on('timeout', () => sent.destroy(new Error(`${options.path}: no answer in time`)))
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status, headers } = response
        const isJson = /json/.test(headers['content-type'] ?? '') && text !== ''
        resolve({ status, headers, body: isJson ? JSON.parse(text) : text })
      })
    })
    sent.end(body ?? undefined)
  })
}
