import {
  accepted,
  authorize,
  bare,
  breakOff,
  bytesOf,
  chunk,
  FRAMINGS,
  HOST,
  LIMIT,
  send,
  sha256,
} from './bound-request.mjs'
import { check } from './checks.mjs'
import { exchange, field } from './raw.mjs'

/** Checks bodies that are too long, have a wrong length, break off, or do not exist. */
export async function bodyEnds(port) {
  await tooLarge(port)
  await wrongLength(port)
  await breakingOff(port)
  await withoutBody(port)
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
  // No part of the body is sent. A server that waited for it would hang.
  const length = await exchange(
    port,
    `${head(`Content-Length: ${LIMIT + 1}`).join('\r\n')}\r\n\r\n`,
    { wholeBody: false },
  )
  check('one byte too many, by its length', length.status, 413)
  check('its type', field(length, 'content-type'), 'application/problem+json')
  check('its challenge', field(length, 'www-authenticate'), null)
  // The body never ends.
  const piece = 'x'.repeat(100_000)
  const many = Array.from({ length: 11 }, () => chunk(piece))
  const endless = [`${head('Transfer-Encoding: chunked').join('\r\n')}\r\n\r\n`, ...many]
  check('chunks without an end', (await exchange(port, endless)).status, 413)
  const longest = 'y'.repeat(LIMIT)
  for (const framing of Object.keys(FRAMINGS)) {
    check(
      `exactly the limit, sent ${framing}`,
      await send(port, { target, body: longest, framing }),
      accepted(longest),
    )
  }
}

async function wrongLength(port) {
  const target = '/?how=text'
  const body = 'the true body'
  const start = [
    'POST /?how=text HTTP/1.1',
    `Host: ${HOST}`,
    `Authorization: ${authorize({ target, body })}`,
  ]
  const short = [...start, 'Content-Length: 8', 'Connection: close', '', body].join('\r\n')
  // The rest is not a valid request, for which Node answers 400 at once.
  const { status } = await exchange(port, short)
  check('a length that is too small', [400, 401].includes(status) ? 'rejected' : status, 'rejected')
}

/** Ends the connection before the body ends. The server must stay alive. */
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
      // With `part`, the bytes that arrive are all that was signed. The missing rest must be noticed.
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
          accepted(signed),
        )
      }
    }
  }
}

async function withoutBody(port) {
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    const framing = 'without'
    const target = '/?how=text'
    check(
      `${method} without a body`,
      await send(port, { method, target, body: '', framing }),
      accepted(''),
    )
    const bareOne = { method, target, body: '', framing, authorization: bare(method, target) }
    check(`${method} without a digest`, await send(port, bareOne), [401, 'ERR_MAC_BODY_MISSING'])
  }
  const head = { method: 'HEAD', target: '/', body: '', framing: 'without' }
  check('HEAD', (await exchange(port, bytesOf(head))).status, 200)
  // Some servers hide the body of a GET from the handler. What the handler sees must be verified.
  for (const framing of Object.keys(FRAMINGS)) {
    for (const how of ['text', 'stream', 'clone']) {
      const get = { method: 'GET', target: `/?how=${how}`, framing }
      const authorization = authorize({ ...get, body: '' })
      const [status, answer] = await send(port, { ...get, body: 'smuggled', authorization })
      const good = status === 401 || status === 400 || answer.digest === sha256('')
      check(`GET with a body, sent ${framing}, read as ${how}: ${status}`, good, true)
    }
  }
}
