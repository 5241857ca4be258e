import { Agent, request } from 'node:http'
import { macField } from '../signing/mac-field.ts'
import { HOST, seconds, TARGET } from '../signing/request.ts'
import { keyOf, type Statuses } from './scene.ts'

/** An answer, and how long it took, in milliseconds. */
export interface Answer {
  readonly status: number
  readonly rateLimit: string | null
  readonly body: string
  readonly took: number
}

/** Sends requests from a loopback address, over connections that are kept alive. */
export class Sender {
  readonly #port: number
  readonly #localAddress: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 })

  constructor(port: number, localAddress: string) {
    this.#port = port
    this.#localAddress = localAddress
  }

  /** @param key The key to sign with. Default: the right one. */
  send(id: string, key: string = keyOf(id)): Promise<Answer> {
    const headers = { host: HOST, authorization: macField(seconds(), id, key) }
    const where = { host: '127.0.0.1', port: this.#port, path: TARGET }
    const options = { ...where, headers, agent: this.#agent, localAddress: this.#localAddress }
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const sent = request(options, (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        answer.on('end', () => {
          const field = answer.headers.ratelimit
          const took = performance.now() - start
          const rateLimit = typeof field === 'string' ? field : null
          resolve({ status: answer.statusCode ?? 0, rateLimit, body, took })
        })
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Counts a status. */
export function tally(statuses: Statuses, status: number): void {
  statuses[status] = (statuses[status] ?? 0) + 1
}
