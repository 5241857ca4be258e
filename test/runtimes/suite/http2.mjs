import { connect } from 'node:http2'
import { readCertificate } from './certificate.mjs'
import { check, note } from './checks.mjs'
import { startServer } from './server-process.mjs'
import { ADA, sign } from './sign.mjs'
import { same, shownForm, visible } from './visible.mjs'

/** Checks HTTP/2, where there is no Host header: the origin comes from `:authority` and `https`. */
export async function http2(adapter) {
  const tls = readCertificate()
  const rounds = ['bun', 'deno'].includes(adapter) ? ['required'] : ['required', 'raw']
  const handlers = ['bare', ...rounds]
  const database = 'sqlite::memory:'
  const server = await startServer({ adapter, handlers, database, credentials: [ADA], tls })
  const bare = await open(server.ports.bare, tls.cert)
  for (const round of rounds) {
    const port = server.ports[round]
    const session = await open(port, tls.cert)
    check(`${round}: the protocol`, session.alpnProtocol, 'h2')
    await verifies(session, round, String(port))
    for (const target of ['/a/../b', "/x?q='1'", '/x?', '//x', '/^']) {
      await targets(session, { adapter, round, bare, target })
    }
    session.close()
  }
  bare.close()
  await server.kill()
}

async function verifies(session, round, port) {
  const form = { method: 'GET', target: '/orders?b=2&a=%2F', host: 'localhost', port }
  const authorization = sign(form)
  check(`${round}: signed`, await status(session, form, authorization), 200)
  check(`${round}: again`, await status(session, form, authorization), 401)
  check(`${round}: unsigned`, await status(session, form), 401)
  for (const other of [{ port: '443' }, { target: '/' }, { host: 'x' }, { method: 'POST' }]) {
    const [name] = Object.keys(other)
    const got = await status(session, form, sign({ ...form, ...other }))
    check(`${round}: signed for another ${name}`, got, 401)
  }
  const elsewhere = { ...form, host: 'api.example.com', port: '443' }
  check(`${round}: the default port`, await status(session, elsewhere, sign(elsewhere)), 200)
  const plain = sign({ ...elsewhere, port: '80' })
  check(`${round}: is not 80`, await status(session, elsewhere, plain), 401)
}

/** Checks, as for HTTP/1, that a rewritten target is rejected as sent, unless `requestTarget` is used. */
async function targets(session, { adapter, round, bare, target }) {
  const form = { method: 'GET', target, host: 'example.com', port: '443' }
  const seen = JSON.parse(decodeURIComponent((await request(bare, form))['x-seen']))
  const right = visible({ hosts: [form.host], wellFormed: true }, seen, round === 'raw')
  const wanted = same(form, right) ? 200 : 401
  check(`${round}: ${target}`, await status(session, form, sign(form)), wanted)
  const shown = right ?? shownForm(seen, false)
  const wantedAsShown = right === null ? 401 : 200
  check(`${round}: ${target}, as shown`, await status(session, form, sign(shown)), wantedAsShown)
  if (target !== '/a/../b' || round === 'raw') return
  note(`${adapter}, HTTP/2: ${target} is shown as ${seen.url}, its Host header is ${seen.host}`)
}

export function open(port, ca) {
  return new Promise((resolve, reject) => {
    const session = connect(`https://localhost:${port}`, { ca, lookup })
    session.on('error', reject)
    session.on('connect', () => resolve(session))
  })
}

/** Finds only IPv4, on which the servers listen. */
function lookup(_name, options, callback) {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

async function status(session, form, authorization) {
  return (await request(session, form, authorization))[':status']
}

function request(session, { target, host, port }, authorization) {
  const authority = port === '443' ? host : `${host}:${port}`
  const fields = { ':path': target, ':authority': authority }
  if (authorization !== undefined) fields.authorization = authorization
  return answerTo(session, fields)
}

/** @returns The header fields of the answer. */
export function answerTo(session, fields) {
  return new Promise((resolve, reject) => {
    const stream = session.request(fields)
    stream.on('response', (headers) => {
      stream.resume()
      stream.on('end', () => resolve(headers))
    })
    stream.on('error', reject)
    stream.end()
  })
}
