import { request } from 'node:http'
import { demandAnswer, demandRejection } from './answers.mjs'

const SHOP = 'https://shop.example'
const BODY = 'ø'.repeat(50_000)

/** Checks of middleware around withmac, and of mounted applications, by the routes of `hono/placed.ts`. */
export const PLACED = [
  ...['/limit-outside', '/limit-inside', '/limit-in-mounted'].map((target) => [
    `${target}: a bound body that comes in chunks is verified, and arrives complete`,
    async (client, port) => {
      const authorization = client.sign('POST', target, BODY)
      const changed = await sendChunked(client, port, target, authorization, BODY.replace('ø', 'o'))
      demandStatus(changed, 401, 'ERR_MAC_BODY_MISMATCH')
      const { status, body } = await sendChunked(client, port, target, authorization, BODY)
      demandAnswer({ status, body }, 201, { user: 'ada', bodyVerified: true, length: BODY.length })
    },
  ]),
  ...['/cors-outside', '/cors-inside'].map((target) => [
    `${target}: a page of another origin may read a 401, its challenge, and the answer`,
    async (client) => {
      const headers = { origin: SHOP }
      const refused = await client.send('GET', target, { headers })
      demandRejection(refused, 'ERR_MAC_MISSING')
      demandReadable(refused)
      const accepted = await client.signed('GET', target, { headers })
      demandAnswer(accepted, 200, { path: target })
      demandReadable(accepted)
      const preflight = await client.send('OPTIONS', target, {
        headers: { ...headers, 'access-control-request-method': 'GET' },
      })
      if (preflight.status !== 204) throw new Error(`the preflight got ${preflight.status}`)
    },
  ]),
  [
    'a mounted application is signed with the whole path, by the option path',
    async (client) => {
      const { status, body } = await client.signed('GET', '/mounted/orders?page=2')
      demandAnswer({ status, body }, 200, { user: 'ada', url: `${client.origin}/orders?page=2` })
      const authorization = client.sign('GET', '/orders')
      const other = await client.send('GET', '/mounted/orders', { authorization })
      demandRejection(other, 'ERR_MAC_REJECTED')
    },
  ],
  [
    'a mounted application that gets the whole request needs no option',
    async (client) => {
      const target = '/mounted-whole/orders'
      demandAnswer(await client.signed('GET', target), 200, {
        user: 'ada',
        url: `${client.origin}${target}`,
      })
    },
  ],
  [
    'a mounted application without the option path accepts nothing that was signed with the whole path',
    async (client) => {
      const answer = await client.signed('GET', '/mounted-without-path/orders')
      if (answer.status !== 401) throw new Error(`it answered ${answer.status}`)
    },
  ],
  [
    'a method that a header field overrides must be the signed one',
    async (client) => {
      demandAnswer(await client.signed('POST', '/overridden'), 200, { ran: 'post' })
      const headers = { 'x-method': 'DELETE' }
      const authorization = client.sign('POST', '/overridden')
      const changed = await client.send('POST', '/overridden', { authorization, headers })
      demandRejection(changed, 'ERR_MAC_REJECTED')
    },
  ],
]

function demandStatus({ status, body }, expected, code) {
  if (status === expected && body.code === code) return
  throw new Error(`${expected} ${code} was expected, but this came: ${status} ${body.code}`)
}

function demandReadable({ headers }) {
  const allowed = headers['access-control-allow-origin']
  const exposed = headers['access-control-expose-headers'] ?? ''
  if (allowed === SHOP && /www-authenticate/i.test(exposed)) return
  throw new Error(`allowed is ${allowed}, exposed is ${exposed}`)
}

/** Sends a body in chunks, without Content-Length. */
function sendChunked({ origin }, port, path, authorization, body) {
  const headers = { host: new URL(origin).host, authorization, 'transfer-encoding': 'chunked' }
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false })
    sent.on('error', reject)
    sent.on('response', async (response) => {
      const text = Buffer.concat(await response.toArray()).toString()
      const isJson = /json/.test(response.headers['content-type'] ?? '')
      resolve({ status: response.statusCode, body: isJson ? JSON.parse(text) : text })
    })
    const bytes = Buffer.from(body)
    for (let at = 0; at < bytes.length; at += 30_000) sent.write(bytes.subarray(at, at + 30_000))
    sent.end()
  })
}
