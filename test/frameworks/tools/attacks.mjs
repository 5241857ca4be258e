import { connect } from 'node:net'

/** Targets by which an attacker may try to reach /account, or another handler, with a request signed for /orders. */
const INSTEAD_OF_ORDERS = [
  '/account/../orders',
  '/account/..%2forders',
  '/account/%2e%2e/orders',
  '/account\\..\\orders',
  '/account/..\\orders',
  '/orders/../account',
  '/orders\\..\\account',
  '/orders/%2e%2e/account',
  '/orders/../orders/7',
  '/orders/7/..',
  '/orders/7/%2e%2e',
  '//orders',
  '//account/../orders',
  '/./orders',
  '/orders/.',
  '/orders/',
  '/ORDERS',
  '/%6frders',
  '/orders;/account',
  '/orders?/../account',
  '/orders#/account',
  '/account#/orders',
  '/account?/../orders',
]

/**
 * Demands that a request which was signed for `/orders` reaches no other handler, whatever target is sent with it,
 * also as an absolute URL and with other hosts. The handler of `/orders` may answer: it is the one that was
 * signed for.
 */
export async function demandOneHandler(client, port) {
  const { host } = new URL(client.origin)
  const targets = [
    ...INSTEAD_OF_ORDERS,
    `http://${host}/account`,
    `http://${host}/account/../orders`,
    'http://other.example/account',
    `http://${host}/orders/../account`,
    `http://user@${host}/account`,
  ]
  for (const target of targets) {
    const authorization = client.sign('GET', '/orders')
    const head = [
      `GET ${target} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: ${authorization}`,
      'Connection: close',
    ]
    const { status, body } = await exchange(port, `${head.join('\r\n')}\r\n\r\n`)
    if (status === 200 && body.includes('"page":')) continue
    if (status >= 400 || status === 0) continue
    // A redirect to the normalized path runs no handler.
    if (status >= 300 && status < 400) continue
    throw new Error(`signed for /orders, sent as ${target}: ${status} ${body.slice(0, 200)}`)
  }
}

/** Sends bytes that no HTTP client would send. @returns Status 0 if the connection was closed without an answer. */
function exchange(port, head) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8')
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', (error) => (error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => {
      const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? []
      resolve({ status: Number(status), body: text.slice(text.indexOf('\r\n\r\n') + 4) })
    })
    socket.write(head)
  })
}
