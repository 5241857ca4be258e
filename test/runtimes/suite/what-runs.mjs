import { readCertificate } from './certificate.mjs'
import { check } from './checks.mjs'
import { answerTo, open } from './http2.mjs'
import { exchange } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, sign } from './sign.mjs'

/*
 * Checks that a request that was changed on its way reaches no handler that would see another request than
 * the signed one, whichever option finds the origin.
 */

const NAMES = ['none', 'one', 'list', 'constant', 'byHost', 'proxy']
const HOST = 'api.example.com'

/** Each entry: the Host that is sent, the target that is sent, and the target that was signed. */
const HOSTS = [
  [`${HOST}/internal`, '/v1/users', '/internal/v1/users'],
  [`${HOST}:80/internal`, '/v1/users', '/internal/v1/users'],
  [`${HOST}/public#`, '/admin', '/public'],
  [`${HOST}/public?`, '/admin', '/public?/admin'],
  [`${HOST}#`, '/admin', '/'],
  [`${HOST}?`, '/admin', '/?/admin'],
  [`${HOST}/`, '/admin', '//admin'],
  [`${HOST}\\internal`, '/v1/users', '/internal/v1/users'],
  [`user@${HOST}`, '/x', '/x'],
  [`${HOST}@b.example`, '/x', '/x'],
  [`${HOST}, b.example`, '/x', '/x'],
  [`${HOST},b.example`, '/x', '/x'],
  [`${HOST} b.example`, '/x', '/x'],
  [`${HOST}\tb.example`, '/x', '/x'],
  [`${HOST}\r\nHost: b.example`, '/x', '/x'],
  [`${HOST}\r\nHost: ${HOST}`, '/x', '/x'],
  ['api%2Eexample.com', '/x', '/x'],
  [`${HOST}%2Finternal`, '/v1/users', '/internal/v1/users'],
  [`${HOST}%23`, '/x', '/'],
  [`${HOST}:`, '/x', '/x'],
  [`${HOST}:080`, '/x', '/x'],
  [`${HOST}:80:80`, '/x', '/x'],
  [`[${HOST}]`, '/x', '/x'],
  ['', '/x', '/x'],
]

/** Targets with a fragment. They are signed with and without it. */
const FRAGMENTS = ['/files/a#/delete', '/files/a#', '/files/a?b#c', '/#', '/files/a#b#c']

/** The outcome for HTTP/1.0 without a Host, and the method that a handler sees for `pOsT`. */
const SHOWN = {
  bun: { noHost: 401, method: 'rejected' },
  deno: { noHost: 200, method: 'pOsT' },
  hono: { noHost: 200, method: 'rejected' },
  srvx: { noHost: 200, method: 'rejected' },
}

export async function whatRuns(adapter) {
  const shared = { adapter, database: 'sqlite::memory:', credentials: [ADA] }
  // Not all at once: some servers listen for signals, and Node warns about more than ten listeners.
  for (const raw of ['bun', 'deno'].includes(adapter) ? [''] : ['', 'raw ']) {
    const names = NAMES.map((name) => raw + name)
    const others = raw === '' ? ['verify', 'token'] : []
    const plain = await startServer({ ...shared, handlers: [...names, ...others] })
    for (const name of raw === '' ? [...names, 'verify'] : names) {
      await changed(plain.ports[name], name)
    }
    await ofProxies(plain.ports, raw)
    await absolute(plain.ports, raw)
    if (raw === '') await unusual(plain.ports.one, SHOWN[adapter])
    if (raw === '') await tokens(plain.ports.token)
    await plain.kill()
    await http2(shared, names)
  }
}

async function changed(port, name) {
  const good = await get(port, { host: HOST, target: '/x' })
  check(`${name}: an ordinary request`, good, [200, `GET http://${HOST}/x`])
  const sent = HOSTS.flatMap(([host, target, signed]) =>
    [...new Set([signed, target])].map((each) => ({ host, target, signed: each })),
  )
  for (const target of FRAGMENTS) {
    const cut = target.replace(/#.*/, '')
    sent.push({ host: HOST, target, signed: target }, { host: HOST, target, signed: cut })
  }
  await Promise.all(sent.map((each) => neverRuns(`${name}: ${JSON.stringify(each)}`, port, each)))
}

/** Checks that no handler runs, and that the server does not fail. */
async function neverRuns(title, port, request) {
  const [status] = await get(port, request)
  check(title, [400, 401, 'closed'].includes(status) ? 'rejected' : status, 'rejected')
}

/** Checks that a proxy may send another Host if the origin does not come from Host. */
async function ofProxies(ports, raw) {
  const seen = [200, 'GET http://127.0.0.1:3000/x']
  const inside = { host: '127.0.0.1:3000', target: '/x' }
  for (const name of ['one', 'constant']) {
    check(`${raw}${name}: the Host of a proxy`, await get(ports[raw + name], inside), seen)
  }
  const fields = ['X-Forwarded-Host: api.example.com', 'X-Forwarded-Proto: ws']
  const answer = await get(ports[`${raw}proxy`], { ...inside, fields })
  check(`${raw}proxy: the Host of a proxy`, answer, seen)
  for (const host of [`${HOST}/internal`, `${HOST}#`, `u@${HOST}`, `${HOST}, b.example`]) {
    for (const field of [`X-Forwarded-Host: ${host}`, `Forwarded: host="${host}"`]) {
      await neverRuns(`${raw}proxy: ${field}`, ports[`${raw}proxy`], { ...inside, fields: [field] })
    }
  }
}

/** Checks that a target in absolute-form is accepted only if the URL shows the signed host. */
async function absolute(ports, raw) {
  const other = { form: { host: 'b.example' }, host: 'b.example' }
  for (const name of ['list', 'byHost', 'proxy', 'none']) {
    const port = ports[raw + name]
    if (name !== 'proxy') {
      const ordinary = await get(port, { ...other, target: '/x' })
      check(`${raw}${name}: the other origin`, ordinary, [200, 'GET http://b.example/x'])
    }
    for (const host of [HOST, 'b.example']) {
      for (const signed of ['/x', `http://${HOST}/x`]) {
        const form = { host, target: signed }
        const got = await get(port, { form, host: 'b.example', target: `http://${HOST}/x` })
        const runs = got[0] === 200 ? got[1] : 'rejected'
        const title = `${raw}${name}: absolute-form, signed for ${host} and ${signed}`
        check(title, runs === `GET http://${host}/x` ? 'rejected' : runs, 'rejected')
        if (raw !== '') check(`${title}: its status`, got[0] === 200, false)
      }
    }
  }
}

async function unusual(port, expected) {
  const form = { method: 'GET', target: '/x', host: HOST, port: '80' }
  const head = `GET /x HTTP/1.0\r\nAuthorization: ${sign(form)}\r\n\r\n`
  check('HTTP/1.0 without Host', (await exchange(port, head)).status, expected.noHost)
  const [status, shown] = await get(port, { method: 'pOsT', host: HOST, target: '/x' })
  const got = status === 200 ? shown.split(' ')[0] : 'rejected'
  check('pOsT, signed as POST', got, expected.method)
}

async function tokens(port) {
  const body = 'grant_type=client_credentials&client_id=a&client_secret=b'
  const ask = async (host, target) => {
    const lines = [
      `POST ${target} HTTP/1.1`,
      `Host: ${host}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ]
    return (await exchange(port, `${lines.join('\r\n')}\r\n\r\n${body}`)).status
  }
  check('a token', await ask(HOST, '/token'), 200)
  check('a token: the Host of a proxy', await ask('127.0.0.1:3000', '/token'), 200)
  for (const [host] of HOSTS) {
    const status = await ask(host, '/token')
    check(`a token: Host ${JSON.stringify(host)}`, [400, 'closed'].includes(status), true)
  }
  check('a token: a fragment', await ask(HOST, '/token#'), 400)
}

/** Checks HTTP/2 without a Host header, and with one in addition to `:authority`. */
async function http2(shared, names) {
  const tls = readCertificate()
  const server = await startServer({ ...shared, handlers: names, tls })
  for (const name of names) {
    const session = await open(server.ports[name], tls.cert)
    const port = /none|proxy/.test(name) ? '443' : '80'
    const send = async (fields, target = '/x') => {
      const authorization = sign({ method: 'GET', target, host: HOST, port })
      const sent = { ':path': '/x', ':authority': HOST, ...fields, authorization }
      // If the runtime itself rejects the request, it resets the stream.
      const answer = await answerTo(session, sent).catch(() => ({ ':status': 400 }))
      return seenIn(answer)
    }
    const runs = `GET https://${HOST}/x`
    if (!name.endsWith('byHost')) check(`${name}, HTTP/2: no Host`, await send({}), runs)
    // Some runtimes remove a fragment or a malformed Host. Then the handler sees what was signed.
    const cut = async (fields, target) => {
      const title = `${name}, HTTP/2: ${JSON.stringify(fields)}, signed for ${target}`
      const got = await send(fields, target)
      check(title, target === '/x' && got === runs ? 'rejected' : got, 'rejected')
    }
    for (const target of ['/x', '/x#y']) await cut({ ':path': '/x#y' }, target)
    for (const bad of BAD_AUTHORITIES) {
      const tries = ['/x', '/internal/x', '/'].map(async (target) => {
        await cut({ host: bad }, target)
        const got = await send({ ':authority': bad }, target)
        check(`${name}, HTTP/2: :authority ${bad}, signed for ${target}`, got, 'rejected')
      })
      await Promise.all(tries)
    }
    session.close()
  }
  await server.kill()
}

const BAD_AUTHORITIES = ['/internal', '#', '?', '@b.example', ', b.example'].map(
  (bad) => HOST + bad,
)

/** @returns What a handler saw, if one was called. */
function seenIn({ ':status': status, 'x-seen': seen = '' }) {
  if (status === 200) return decodeURIComponent(seen)
  return status === 400 || status === 401 ? 'rejected' : status
}

/**
 * Sends a request that is signed for `SITE`, or for what `form` and `signed` say.
 * @returns The status, and what the handler saw.
 */
async function get(
  port,
  { method = 'GET', host, target, signed = target, form = {}, fields = [] },
) {
  const right = { method: method.toUpperCase(), target: signed, host: HOST, port: '80', ...form }
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...fields,
    `Authorization: ${sign(right)}`,
    'Connection: close',
  ]
  const { status, body } = await exchange(port, `${lines.join('\r\n')}\r\n\r\n`, {
    wholeBody: true,
  })
  return status === 200 ? [status, /[A-Za-z]+ http\S*/.exec(body)?.[0]] : [status]
}
