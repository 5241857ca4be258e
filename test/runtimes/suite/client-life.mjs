import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { createMac } from 'withmac'
import { createMacFetch, createTokenFetch, signHeaders } from 'withmac/client'
import { createTokenEndpoint } from 'withmac/oauth'
import { check, note } from './checks.mjs'
import { config } from './this-runtime.mjs'

const COUNT = 20
const NOW = 1_700_000_000
const ALL_WELL = Array(COUNT).fill(200)

/** Checks a client over sockets: wrong clocks, many requests at once, lost answers. */
export async function clientLife() {
  for (const off of [-4000, 4000]) await atOnce(off)
  for (const method of ['GET', 'PUT', 'DELETE', 'POST']) await lostAnswer(method)
  await webSocket()
}

/** Checks that a WebSocket can be opened with a signature over the http form of its URL. */
async function webSocket() {
  if (typeof WebSocket === 'undefined') return note('has no WebSocket')
  const server = await signingServer()
  const url = `${server.url.replace(/^http/, 'ws')}chat?a=b`
  const now = () => NOW
  for (const [what, headers, status] of [
    [
      'signed',
      { ...signHeaders({ url: url.replace(/^ws/, 'http') }, server.credential, { now }) },
      200,
    ],
    ['unsigned', {}, 401],
  ]) {
    const socket = new WebSocket(url, { headers })
    await new Promise((resolve) => {
      socket.onerror = socket.onclose = resolve
    })
    check(`the upgrade of a WebSocket, ${what}`, server.seen.splice(0), [status])
  }
  await server.close()
}

async function atOnce(off) {
  const server = await signingServer()
  const now = () => NOW + off
  const macFetch = createMacFetch(server.credential, { now })
  server.hold(COUNT)
  const bare = await statuses(() => macFetch(server.url))
  check(`${COUNT} requests at once, ${off} s off`, bare, ALL_WELL)
  const withBody = createMacFetch(server.credential, { now, body: true })
  server.hold(COUNT)
  const bound = await statuses((at) =>
    withBody(new Request(server.url, { method: 'PUT', body: `${at}` })),
  )
  check(`${COUNT} requests with bound bodies at once, ${off} s off`, bound, ALL_WELL)
  const tokenFetch = createTokenFetch({
    tokenEndpoint: `${server.url}token`,
    clientId: 'shop',
    clientSecret: 'secret',
    now,
  })
  server.hold(COUNT)
  const byToken = await statuses(() => tokenFetch(server.url))
  check(`${COUNT} requests with a token at once, ${off} s off`, byToken, ALL_WELL)
  await server.close()
}

/** Whether the fetch of a runtime sends a request again when a kept-alive connection breaks. */
const RESENDS = {
  bun: (method) => method !== 'POST',
  deno: () => true,
}

/** Checks that a request whose answer was lost does not look like a rejected one. */
async function lostAnswer(method) {
  const server = await signingServer()
  const proxy = await breakingProxy(server.port)
  const macFetch = createMacFetch(server.credential, { now: () => NOW })
  await (await macFetch(proxy.url)).text()
  proxy.breakNext()
  const result = await macFetch(proxy.url, { method, ...(method === 'PUT' && { body: 'x' }) }).then(
    ({ status }) => `answered ${status}`,
    (error) => error.code ?? error.name,
  )
  const again = RESENDS[config.name]?.(method) ?? false
  check(
    `${method}, its answer lost, at the server`,
    server.seen,
    again ? [200, 200, 401] : [200, 200],
  )
  check(`${method}, its answer lost, is an error`, !result.startsWith('answered'), true)
  if (again) check(`${method}, its answer lost, by code`, result, 'ERR_MAC_CLIENT_ANSWER_LOST')
  note(
    `${method} on a broken connection: ${again ? 'sent again by fetch' : 'not sent again'}, ${result}`,
  )
  proxy.close()
  await server.close()
}

async function statuses(send) {
  const answers = await Promise.all(Array.from({ length: COUNT }, (_, at) => send(at)))
  await Promise.all(answers.map((answer) => answer.text()))
  return answers.map(({ status }) => status)
}

/** Starts a server on node:http, which every runtime has, with a clock that stands still. */
async function signingServer() {
  const mac = createMac({ database: 'sqlite::memory:', now: () => NOW })
  const credential = await mac.createCredential('ada', { expires: null })
  const app = mac.withMac(async (request) => new Response(await request.text()), {
    body: 'optional',
  })
  const endpoint = createTokenEndpoint(mac, { authenticateClient: () => ({ user: 'shop' }) })
  const seen = []
  let gate = { left: 0, opened: Promise.resolve(), open() {} }
  const server = createHttpServer(async (incoming, outgoing) => {
    const chunks = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method, url, headers } = incoming
    const content = ['GET', 'HEAD'].includes(method) ? {} : { body: Buffer.concat(chunks) }
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: plain(headers),
      ...content,
    })
    const isToken = url === '/token'
    // All requests that wait here were signed before the first answer.
    if (!isToken && --gate.left === 0) gate.open()
    if (!isToken) await gate.opened
    const response = await (isToken ? endpoint : app)(request)
    if (!isToken) seen.push(response.status)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })
  // The WebSocket is not opened. Only the verdict on the request counts.
  server.on('upgrade', async ({ url, headers }, socket) => {
    const request = new Request(`http://${headers.host}${url}`, { headers: plain(headers) })
    seen.push((await app(request)).status)
    socket.destroy()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  return {
    credential,
    seen,
    port,
    url: `http://127.0.0.1:${port}/`,
    hold(count) {
      let open = () => {}
      const opened = new Promise((resolve) => {
        open = resolve
      })
      gate = { left: count, opened, open }
    },
    async close() {
      server.closeAllConnections?.()
      server.close()
      await mac.close()
    },
  }
}

function plain({ host, authorization, 'content-type': type }) {
  return { host, ...(authorization && { authorization }), ...(type && { 'content-type': type }) }
}

/** Starts a proxy. After `breakNext` it closes the connection of the next answer instead of passing it on. */
async function breakingProxy(port) {
  let breaks = false
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    client.on('error', () => {})
    upstream.on('error', () => {})
    client.on('close', () => upstream.destroy())
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (!breaks) return client.write(chunk)
      breaks = false
      client.destroy()
      return upstream.destroy()
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    breakNext() {
      breaks = true
    },
    close: () => server.close(),
  }
}
