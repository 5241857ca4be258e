import { bodyEnds } from './body-ends.mjs'
import {
  accepted,
  authorize,
  bare,
  bytesOf,
  FRAMINGS,
  LIMIT,
  send,
  sha256,
} from './bound-request.mjs'
import { check } from './checks.mjs'
import { exchange } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA } from './sign.mjs'

const BODIES = {
  'an empty body': '',
  'a short body': '{"a":[1,2]}',
  'a long body': JSON.stringify('0123456789abcdef'.repeat(LIMIT / 16 - 1)),
}
/** Deno warns about its own `signal` if a request is copied, and Node 18 about `File` in a form. */
const WARNINGS = /^Deno\.serve: request\.signal aborts|buffer\.File|node --trace-warnings/
const BOUNDARY = 'x-boundary-x'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** Checks bound bodies on sockets: they are verified completely, and reach the handler completely. */
export async function bodies(adapter) {
  const handlers = ['bound', 'boundOptional', 'readBefore']
  const database = 'sqlite::memory:'
  const server = await startServer({ adapter, handlers, database, credentials: [ADA] })
  const { bound, boundOptional, readBefore } = server.ports
  await reading(bound)
  await forms(bound)
  await rejecting(bound)
  await bodyEnds(bound)
  await optional(boundOptional)
  await usedBefore(readBefore, bound)
  await server.kill(WARNINGS)
}

/** Checks each body, sent in each way and read in each way. */
async function reading(port) {
  for (const [name, body] of Object.entries(BODIES)) {
    for (const how of ['text', 'bytes', 'blob', 'json', 'stream', 'clone', 'nothing']) {
      if (how === 'json' && body === '') continue
      for (const framing of Object.keys(FRAMINGS)) {
        const answer = await send(port, { target: `/?how=${how}`, body, framing, ext: ' a,b' })
        const read = how === 'nothing' ? '' : body
        check(`${name}, sent ${framing}, read as ${how}`, answer, accepted(read, 'a,b'))
      }
    }
  }
}

async function forms(port) {
  const file = 'f'.repeat(300_000)
  const part = (name, value) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`
  const body = `${part('name="a"', 'b c')}${part('name="f"; filename="x.txt"', file)}--${BOUNDARY}--\r\n`
  for (const framing of Object.keys(FRAMINGS)) {
    const answer = await send(port, { target: '/?how=form', body, framing, type: TYPE })
    check(`a form, sent ${framing}`, answer, accepted(`a=b c\nf=x.txt ${file}\n`))
  }
}

async function rejecting(port) {
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
  check('the true body, after the others', good, accepted(signed.body))
  const without = await send(port, { target, body: 'x', authorization: bare('POST', target) })
  check('no digest', without, [401, 'ERR_MAC_BODY_MISSING'])
}

async function optional(port) {
  const target = '/?how=text'
  const answerWith = (why, body, rest = {}) => [
    200,
    { bodyVerified: null, ext: null, why, digest: sha256(body), ...rest },
  ]
  for (const framing of Object.keys(FRAMINGS)) {
    const anonymous = { target, body: 'any', framing, authorization: null }
    check(`anonymous, sent ${framing}`, await send(port, anonymous), answerWith(null, 'any'))
    const wrong = {
      target,
      body: 'fake',
      framing,
      authorization: authorize({ target, body: 'true' }),
    }
    check(
      `another body, sent ${framing}`,
      await send(port, wrong),
      answerWith('ERR_MAC_BODY_MISMATCH', 'fake'),
    )
    const unbound = { target, body: 'any', framing, authorization: bare('POST', target, 'a,b') }
    check(
      `unbound, sent ${framing}`,
      await send(port, unbound),
      answerWith(null, 'any', { bodyVerified: false, ext: 'a,b' }),
    )
    const good = { target, body: 'any', framing, ext: ' a,b' }
    check(`bound, sent ${framing}`, await send(port, good), accepted('any', 'a,b'))
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
    'its nonce is still unused',
    await send(bound, { ...request, authorization }),
    accepted('the body'),
  )
}
