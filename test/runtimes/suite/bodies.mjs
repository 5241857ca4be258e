import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { check } from './checks.mjs'
import { exchange, field } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, sign } from './sign.mjs'

const HOST = 'example.com'
const LIMIT = 1_000_000
const BODIES = {
  'an empty body': '',
  'a short body': '{"a":[1,2]}',
  'a long body': JSON.stringify('0123456789abcdef'.repeat(LIMIT / 16 - 1)),
}
/** Deno warns of its own `signal` where a request is copied, and Node 18 of the `File` in a form. */
const WARNINGS = /^Deno\.serve: request\.signal aborts|buffer\.File|node --trace-warnings/
const BOUNDARY = 'x-boundary-x'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** Bodies that are bound to the MAC, on sockets: verified whole, and then whole in the handler. */
export async function bodies(adapter) {
  const handlers = ['bound', 'boundOptional', 'readBefore']
  const database = 'sqlite::memory:'
  const server = await startServer({ adapter, handlers, database, credentials: [ADA] })
  const { bound, boundOptional, readBefore } = server.ports
  await reading(bound)
  await forms(bound)
  await refusing(bound)
  await tooLarge(bound)
  await lying(bound)
  await breakingOff(bound)
  await withoutBody(bound)
  await optional(boundOptional)
  await usedBefore(readBefore, bound)
  await server.kill(WARNINGS)
}

/** Each body, sent in each way, read in each way. */
async function reading(port) {
  for (const [name, body] of Object.entries(BODIES)) {
    for (const how of ['text', 'bytes', 'blob', 'json', 'stream', 'clone', 'nothing']) {
      if (how === 'json' && body === '') continue
      for (const framing of Object.keys(FRAMINGS)) {
        const answer = await send(port, { target: `/?how=${how}`, body, framing, ext: ' a,b' })
        const read = how === 'nothing' ? '' : body
        check(`${name}, sent ${framing}, read as ${how}`, answer, letIn(read, 'a,b'))
      }
    }
  }
}

/** How a body goes over the wire: one after another is slow, on the scale of a test. */
const FRAMINGS = {
  'with its length': (body) => [`Content-Length: ${body.length}\r\n\r\n${body}`],
  'in chunks': (body) => [`Transfer-Encoding: chunked\r\n\r\n${chunked(pieces(body))}`],
  slowly: (body) => [`Content-Length: ${body.length}\r\n\r\n`, ...pieces(body)],
  'slowly in chunks': (body) => [
    'Transfer-Encoding: chunked\r\n\r\n',
    ...pieces(body).map(chunk),
    chunk(''),
  ],
}

function pieces(body) {
  const size = Math.max(1, Math.ceil(body.length / 3))
  return [0, size, 2 * size].map((at) => body.slice(at, at + size)).filter((piece) => piece !== '')
}

const chunk = (piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`
const chunked = (all) => [...all, ''].map(chunk).join('')

async function forms(port) {
  const file = 'f'.repeat(300_000)
  const part = (name, value) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`
  const body = `${part('name="a"', 'b c')}${part('name="f"; filename="x.txt"', file)}--${BOUNDARY}--\r\n`
  for (const framing of Object.keys(FRAMINGS)) {
    const answer = await send(port, { target: '/?how=form', body, framing, type: TYPE })
    check(`a form, sent ${framing}`, answer, letIn(`a=b c\nf=x.txt ${file}\n`))
  }
}

async function refusing(port) {
  const target = '/?how=text'
  const signed = { target, body: 'the true body', ext: '' }
  const authorization = authorize(signed)
  for (const framing of Object.keys(FRAMINGS)) {
    for (const body of ['the fake body', 'the true bod', 'the true body!', '']) {
      const answer = await send(port, { ...signed, body, framing, authorization })
      check(`${body}, sent ${framing}`, answer, [401, 'ERR_MAC_BODY_MISMATCH'])
    }
  }
  const good = await send(port, { ...signed, authorization })
  check('the true body, after the others', good, letIn(signed.body))
  const without = await send(port, { target, body: 'x', authorization: bare('POST', target) })
  check('no digest', without, [401, 'ERR_MAC_BODY_MISSING'])
}

async function tooLarge(port) {
  const target = '/?how=text'
  const authorization = authorize({ target, body: '' })
  const head = (...fields) => [
    `POST ${target} HTTP/1.1`,
    `Host: ${HOST}`,
    `Authorization: ${authorization}`,
    ...fields,
  ]
  // Nothing of the body is sent: who waited for it would hang.
  const length = await exchange(
    port,
    `${head(`Content-Length: ${LIMIT + 1}`).join('\r\n')}\r\n\r\n`,
    { wholeBody: false },
  )
  check('one byte too many, by its length', length.status, 413)
  check('its type', field(length, 'content-type'), 'application/problem+json')
  check('its challenge', field(length, 'www-authenticate'), null)
  // Nor is it ever ended.
  const piece = 'x'.repeat(100_000)
  const many = Array.from({ length: 11 }, () => chunk(piece))
  const endless = [`${head('Transfer-Encoding: chunked').join('\r\n')}\r\n\r\n`, ...many]
  check('chunks without an end', (await exchange(port, endless)).status, 413)
  const longest = 'y'.repeat(LIMIT)
  for (const framing of Object.keys(FRAMINGS)) {
    check(
      `as many as are allowed, sent ${framing}`,
      await send(port, { target, body: longest, framing }),
      letIn(longest),
    )
  }
}

async function lying(port) {
  const target = '/?how=text'
  const body = 'the true body'
  const start = [
    'POST /?how=text HTTP/1.1',
    `Host: ${HOST}`,
    `Authorization: ${authorize({ target, body })}`,
  ]
  const short = [...start, 'Content-Length: 8', 'Connection: close', '', body].join('\r\n')
  // What is left over is no request, for which Node answers 400 at once.
  const { status } = await exchange(port, short)
  check('a length that is too small', [400, 401].includes(status) ? 'refused' : status, 'refused')
}

/** The connection ends before the body does: nobody waits for the answer, and the server lives. */
async function breakingOff(port) {
  const target = '/?how=text'
  const body = 'the true body'.repeat(10_000)
  const head = (authorization, field) =>
    [
      `POST ${target} HTTP/1.1`,
      `Host: ${HOST}`,
      `Authorization: ${authorization}`,
      field,
      '',
      '',
    ].join('\r\n')
  for (const part of [body.slice(0, 20), body.slice(0, 65_536), '']) {
    for (const abrupt of [true, false]) {
      // What came is the whole of what was signed: that the rest is missing must be noticed.
      for (const signed of [body, part]) {
        const authorization = authorize({ target, body: signed })
        await breakOff(
          port,
          `${head(authorization, `Content-Length: ${body.length}`)}${part}`,
          abrupt,
        )
        const piece = part === '' ? '' : chunk(part)
        await breakOff(port, `${head(authorization, 'Transfer-Encoding: chunked')}${piece}`, abrupt)
        const whole = await send(port, { target, body: signed, authorization })
        check(
          `${signed.length} bytes, after ${part.length} of them broke off`,
          whole,
          letIn(signed),
        )
      }
    }
  }
}

function breakOff(port, bytes, abrupt) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.write(bytes, 'latin1', () => {
        // The server is to be at it, and not to find the connection gone before.
        setTimeout(() => (abrupt ? socket.resetAndDestroy() : socket.end()), 20)
      })
    })
    socket.on('error', () => {})
    socket.on('close', resolve)
    socket.resume()
    setTimeout(() => socket.destroy(), 200)
  })
}

async function withoutBody(port) {
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    const framing = 'without'
    const target = '/?how=text'
    check(
      `${method} without a body`,
      await send(port, { method, target, body: '', framing }),
      letIn(''),
    )
    const bareOne = { method, target, body: '', framing, authorization: bare(method, target) }
    check(`${method} without a digest`, await send(port, bareOne), [401, 'ERR_MAC_BODY_MISSING'])
  }
  const head = { method: 'HEAD', target: '/', body: '', framing: 'without' }
  check('HEAD', (await exchange(port, bytesOf(head))).status, 200)
  // Some servers show the handler no body of a GET. What it is shown must be what was verified.
  for (const framing of Object.keys(FRAMINGS)) {
    for (const how of ['text', 'stream', 'clone']) {
      const get = { method: 'GET', target: `/?how=${how}`, framing }
      const authorization = authorize({ ...get, body: '' })
      const [status, told] = await send(port, { ...get, body: 'smuggled', authorization })
      const good = status === 401 || status === 400 || told.digest === sha256('')
      check(`GET with a body, sent ${framing}, read as ${how}: ${status}`, good, true)
    }
  }
}

async function optional(port) {
  const target = '/?how=text'
  const told = (why, body, rest = {}) => [
    200,
    { bodyVerified: null, ext: null, why, digest: sha256(body), ...rest },
  ]
  for (const framing of Object.keys(FRAMINGS)) {
    const anonymous = { target, body: 'any', framing, authorization: null }
    check(`anonymous, sent ${framing}`, await send(port, anonymous), told(null, 'any'))
    const wrong = {
      target,
      body: 'fake',
      framing,
      authorization: authorize({ target, body: 'true' }),
    }
    check(
      `another body, sent ${framing}`,
      await send(port, wrong),
      told('ERR_MAC_BODY_MISMATCH', 'fake'),
    )
    const unbound = { target, body: 'any', framing, authorization: bare('POST', target, 'a,b') }
    check(
      `unbound, sent ${framing}`,
      await send(port, unbound),
      told(null, 'any', { bodyVerified: false, ext: 'a,b' }),
    )
    const good = { target, body: 'any', framing, ext: ' a,b' }
    check(`bound, sent ${framing}`, await send(port, good), letIn('any', 'a,b'))
  }
  const large = 'z'.repeat(LIMIT + 1)
  const status = (request) =>
    exchange(port, bytesOf(request), { wholeBody: true }).then((answer) => answer.status)
  check('a large one, bound', await status({ target, body: large }), 413)
  check('a large one, anonymous', await status({ target, body: large, authorization: null }), 200)
}

async function usedBefore(port, bound) {
  const request = { target: '/?how=text', body: 'the body' }
  const authorization = authorize(request)
  const answer = await send(port, { ...request, authorization })
  check('a body that was read before', answer, [400, 'ERR_MAC_BODY_UNREADABLE'])
  check(
    'its nonce is not used up',
    await send(bound, { ...request, authorization }),
    letIn('the body'),
  )
}

function letIn(read, ext = null) {
  return [200, { bodyVerified: true, ext, why: null, digest: sha256(read) }]
}

function sha256(text) {
  return createHash('sha256').update(text, 'latin1').digest('base64')
}

function bare(method, target, ext = '') {
  return sign({ method, target, host: HOST, port: '80' }, { ext })
}

function authorize({ method = 'POST', target, body, ext = '' }) {
  return bare(method, target, `sha-256=:${sha256(body)}:${ext}`)
}

function bytesOf({ method = 'POST', target, body, framing = 'with its length', type, ...rest }) {
  const authorization =
    rest.authorization ??
    (rest.authorization === null ? null : authorize({ method, target, body, ...rest }))
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${HOST}`, 'Connection: close']
  if (authorization !== null) lines.push(`Authorization: ${authorization}`)
  if (type !== undefined) lines.push(`Content-Type: ${type}`)
  if (framing === 'without') return `${lines.join('\r\n')}\r\n\r\n`
  const [first, ...others] = FRAMINGS[framing](body)
  return [`${lines.join('\r\n')}\r\n${first}`, ...others]
}

/** The status, and what the handler told or the code of the refusal. */
async function send(port, request) {
  const { status, head, body } = await exchange(port, bytesOf(request), { wholeBody: true })
  const json = /\{.*\}/s.exec(body)?.[0]
  if (json === undefined) return [status, head]
  return [status, status === 200 ? JSON.parse(json) : JSON.parse(json).code]
}
