import { request } from 'node:http'
import { authorization, type Key } from './sign.ts'

/** The status of an answer, and its `RateLimit` header field. */
export interface Sent {
  readonly status: number
  readonly rateLimit: string | null
}

/**
 * Sends a signed request from a loopback address of this machine. Some systems have only 127.0.0.1.
 */
export function sendFrom(localAddress: string, port: number, key: Key): Promise<Sent> {
  const headers = { authorization: authorization(key, `http://127.0.0.1:${port}/`) }
  const options = { host: '127.0.0.1', port, localAddress, headers, agent: false }
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      answer.resume()
      answer.on('end', () => {
        const field = answer.headers.ratelimit
        const rateLimit = typeof field === 'string' ? field : null
        resolve({ status: answer.statusCode ?? 0, rateLimit })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}
