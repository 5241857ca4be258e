import { connect } from 'node:net'

/** A request to send, and the expected response. */
export interface Exchange {
  readonly title: string
  readonly url: string
  readonly authorization: string | null
  readonly status: number
  /** Text that the header or body of the response must contain. */
  readonly contains: string
}

/**
 * Sends a request over a socket, and prints both request and response.
 * @returns Whether the response was the expected one.
 */
export async function show(number: number, exchange: Exchange): Promise<boolean> {
  const { hostname, port, host, pathname, search } = new URL(exchange.url)
  const fields = [`Host: ${host}`]
  if (exchange.authorization !== null) fields.push(`Authorization: ${exchange.authorization}`)
  const head = [`GET ${pathname}${search} HTTP/1.1`, ...fields, 'Connection: close']
  const answer = await send(hostname, Number(port), `${head.join('\r\n')}\r\n\r\n`)
  const [answerHead = '', body = ''] = answer.split('\r\n\r\n')
  console.log(`\n${number}. ${exchange.title}\n`)
  for (const line of head) console.log(`   > ${line}`)
  console.log('')
  for (const line of answerHead.split('\r\n')) if (isInteresting(line)) console.log(`   < ${line}`)
  console.log(`   < ${body}`)
  const good =
    answer.startsWith(`HTTP/1.1 ${exchange.status} `) && answer.includes(exchange.contains)
  console.log(
    `\n   ${good ? 'as expected' : 'NOT AS EXPECTED'}: ${exchange.status}, ${exchange.contains.trim()}`,
  )
  return good
}

/** Whether to print a line of the response: not `Date` and the like. */
function isInteresting(line: string): boolean {
  return /^(HTTP|WWW-Authenticate|Content-Type|Cache-Control)/i.test(line)
}

function send(host: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, host, () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
