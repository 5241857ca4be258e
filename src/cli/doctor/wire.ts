import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { unreachable } from '../network.ts'

/** An answer, as far as a probe looks at it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The start of the body. */
  readonly body: string
  /** The middle of the time that it took, by the clock here, in seconds since 1970. */
  readonly at: number
}

const PATIENCE_MS = 10_000

/**
 * Sends a request over a connection of its own, which a balancer may lead to another replica than
 * the last, and reads the answer.
 *
 * @throws Failure where the server cannot be reached.
 */
export async function sendAlone(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const start = Date.now()
  try {
    const answer = await exchange(url, method, headers)
    const body = await text(answer)
    const at = (start + Date.now()) / 2000
    return { status: answer.statusCode ?? 0, headers: answer.headers, body, at }
  } catch (error) {
    return unreachable(url)(error)
  }
}

function exchange(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<http.IncomingMessage> {
  const { protocol, hostname, port, origin } = new URL(url)
  const { request } = protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? undefined : port,
        path: url.slice(origin.length),
        method,
        headers: { 'user-agent': 'withmac-doctor', accept: '*/*', ...headers },
        agent: false,
        timeout: PATIENCE_MS,
      },
      resolve,
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within ten seconds')))
    sent.on('error', reject)
    sent.end()
  })
}
