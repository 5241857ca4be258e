import { request } from 'node:http'
import { sign } from './sign.mjs'

const PATIENCE_MS = 20_000

/** A client of the server at a port. */
export class Client {
  #port
  #origin

  /** @param origin What it signs, and names as `Host`: the server's own address, or a proxy's. */
  constructor(port, origin = `http://127.0.0.1:${port}`) {
    this.#port = port
    this.#origin = origin
  }

  get origin() {
    return this.#origin
  }

  /**
   * The credentials for a request, to send them more than once, or with another request; with a body
   * that is bound, where one is given.
   */
  sign(method, target, bound = null) {
    return sign(method, this.#origin, target, bound)
  }

  /** Sends a request and gives status, header and body; a JSON body is parsed. */
  send(method, target, { authorization = null, headers = {}, body = null } = {}) {
    const fields = { host: new URL(this.#origin).host, ...headers }
    if (authorization !== null) fields.authorization = authorization
    if (body !== null) fields['content-length'] = String(Buffer.byteLength(body))
    return exchange({ port: this.#port, method, path: target, headers: fields }, body)
  }

  /** Signs a request and sends it. */
  signed(method, target, more = {}) {
    return this.send(method, target, { ...more, authorization: this.sign(method, target) })
  }
}

/** Not by `fetch`, which would write the target anew and take no other `Host`. */
function exchange(options, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, host: '127.0.0.1', agent: false, timeout: PATIENCE_MS })
    sent.on('timeout', () => sent.destroy(new Error(`${options.path}: no answer came`)))
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
