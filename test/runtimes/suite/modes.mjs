import { check } from './checks.mjs'
import { field, send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'

const HOST = 'example.com:3000'

/** Checks both modes: which requests are accepted, for which user, and the answers to the others. */
export async function modes(adapter) {
  const handlers = ['required', 'optional']
  const database = 'sqlite::memory:'
  const server = await startServer({ adapter, handlers, database, credentials: [ADA] })
  await required(server.ports.required)
  await optional(server.ports.optional)
  await server.kill()
}

async function required(port) {
  const unsigned = await send(port, { host: HOST })
  check('unsigned', [unsigned.status, field(unsigned, 'www-authenticate')], [401, 'MAC'])
  check('unsigned: its type', field(unsigned, 'content-type'), 'application/problem+json')
  check('unsigned: its code', JSON.parse(unsigned.body).code, 'ERR_MAC_MISSING')

  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const request = signed({ method, target: '/orders?b=2&a=1', host: HOST })
    check(`${method}, signed`, await answerTo(port, request), [200, 'ada none'])
    check(`${method}, again`, await answerTo(port, request), [401, 'ERR_MAC_REPLAY'])
  }
  const post = signed({ method: 'POST', host: HOST, body: 'the body' })
  check('the body reaches the handler', await answerTo(port, post), [200, 'ada none the body'])

  const ext = signed({ host: HOST }, { ext: 'a,b c' })
  check('with ext', await answerTo(port, ext), [200, 'ada none'])
  const swapped = signed({ host: HOST }, { ext: 'one' })
  swapped.authorization = swapped.authorization.replace('ext="one"', 'ext="two"')
  check('with another ext than signed', await answerTo(port, swapped), [401, 'ERR_MAC_REJECTED'])

  const stranger = signed({ host: HOST })
  stranger.authorization = stranger.authorization.replace(ADA.id, 'nobody')
  check('an unknown identifier', await answerTo(port, stranger), [401, 'ERR_MAC_REJECTED'])
  const old = signed({ host: HOST }, { ts: String(Math.floor(Date.now() / 1000) - 3600) })
  check('an old timestamp', await answerTo(port, old), [401, 'ERR_MAC_TIMESTAMP_STALE'])
  const good = signed({ host: HOST })
  const twice = `${good.authorization}, ${good.authorization}`
  const double = await answerTo(port, { ...good, authorization: twice })
  check('two credentials', double, [401, 'ERR_MAC_CREDENTIALS_REPEATED'])
  check('and its nonce is still unused', await answerTo(port, good), [200, 'ada none'])
}

async function optional(port) {
  check('optional, unsigned', await answerTo(port, { host: HOST }), [200, 'anonymous none'])
  const request = signed({ host: HOST })
  check('optional, signed', await answerTo(port, request), [200, 'ada none'])
  check('optional, again', await answerTo(port, request), [200, 'anonymous ERR_MAC_REPLAY'])
  const wrong = { ...signed({ host: HOST }), target: '/other' }
  check('optional, wrong', await answerTo(port, wrong), [200, 'anonymous ERR_MAC_MISMATCH'])
}

/** @returns The status, and the answer of the handler or the code of the rejection. */
async function answerTo(port, request) {
  const { status, body } = await send(port, request)
  return [status, status === 200 ? body.trim() : JSON.parse(body).code]
}
