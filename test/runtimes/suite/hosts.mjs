import { seenOf } from './bare.mjs'
import { readCertificate } from './certificate.mjs'
import { check } from './checks.mjs'
import { answerTo, open } from './http2.mjs'
import { exchange } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, sign } from './sign.mjs'
import { shownForm } from './visible.mjs'

/**
 * Which signatures are accepted if the wire names two hosts or none, as docs/security.md shows. With the
 * request of node:http at hand, all are rejected if there is a doubt. Over HTTP/2, `hono` uses the scheme
 * that the client sends.
 */
const ACCEPTED = {
  bun: {
    'https://, on a plain port': ['80'],
    'no Host': [],
    'the same Host': ['443'],
    'another Host': [],
    'the scheme http': ['443'],
  },
  deno: {
    'https://, on a plain port': ['443'],
    'no Host': ['invented'],
    'the same Host': ['443'],
    'another Host': [],
    'the scheme http': ['80'],
  },
  hono: {
    'https://, on a plain port': ['443'],
    'no Host': ['invented'],
    'the same Host': ['443'],
    'another Host': [],
    'the scheme http': ['80'],
  },
  srvx: {
    'https://, on a plain port': ['80'],
    'no Host': ['invented'],
    'the same Host': ['443'],
    'another Host': ['the other'],
    'the scheme http': ['443'],
  },
}

const HERE = { method: 'GET', target: '/x', host: 'example.com', port: '80' }
const PORTS = { 80: HERE, 443: { ...HERE, port: '443' } }
const WHOLE = {
  'the whole, 80': { ...HERE, target: 'https://example.com/x' },
  'the whole, 443': { ...HERE, target: 'https://example.com/x', port: '443' },
}
const EITHER = {
  ...PORTS,
  'the other': { ...PORTS[443], host: 'other.example' },
  'the other, 80': { ...HERE, host: 'other.example' },
}

export async function hosts(adapter) {
  const tls = readCertificate()
  const rounds = ['bun', 'deno'].includes(adapter) ? ['required'] : ['required', 'raw']
  const shared = { adapter, database: 'sqlite::memory:', credentials: [ADA] }
  const plain = await startServer({ ...shared, handlers: ['bare', ...rounds] })
  const secure = await startServer({ ...shared, handlers: rounds, tls })
  for (const round of rounds) {
    const expected = round === 'raw' ? withNodeRequest(ACCEPTED[adapter]) : ACCEPTED[adapter]
    const checkFor = async (name, candidates, send) =>
      check(`${round}: ${name}`, await acceptedOf(candidates, send), expected[name])

    const http1 = (head) => async (authorization) => {
      const lines = [...head, `Authorization: ${authorization}`, 'Connection: close', '', '']
      return (await exchange(plain.ports[round], lines.join('\r\n'))).status
    }
    const absolute = ['GET https://example.com/x HTTP/1.1', 'Host: example.com']
    await checkFor('https://, on a plain port', { ...PORTS, ...WHOLE }, http1(absolute))
    const invented = await inventedForm(plain.ports.bare, plain.ports[round])
    await checkFor('no Host', { ...PORTS, ...invented }, http1(['GET /x HTTP/1.0']))

    const session = await open(secure.ports[round], tls.cert)
    const http2 = (fields) => async (authorization) => {
      const sent = { ':path': '/x', ':authority': 'example.com', ...fields, authorization }
      // If the runtime itself rejects the request, it resets the stream.
      const answer = await answerTo(session, sent).catch(() => ({ ':status': 400 }))
      return answer[':status']
    }
    await checkFor('the same Host', EITHER, http2({ host: 'example.com' }))
    await checkFor('another Host', EITHER, http2({ host: 'other.example' }))
    await checkFor('the scheme http', EITHER, http2({ ':scheme': 'http' }))
    session.close()
  }
  await plain.kill()
  await secure.kill()
}

function withNodeRequest(expected) {
  const none = ['https://, on a plain port', 'no Host', 'another Host']
  return { ...expected, ...Object.fromEntries(none.map((name) => [name, []])) }
}

/** @returns What the runtime shows if no host was sent: an authority with the port that it listens on. */
async function inventedForm(bare, port) {
  const seen = await seenOf(bare, 'GET /x HTTP/1.0\r\n\r\n')
  const shown = shownForm({ ...seen, url: seen.url.replace(`:${bare}/`, `:${port}/`) }, false)
  return shown === null ? {} : { invented: shown }
}

/** @returns The names of the forms whose signature is accepted. */
async function acceptedOf(candidates, send) {
  const good = []
  for (const [name, form] of Object.entries(candidates)) {
    if ((await send(sign(form))) === 200) good.push(name)
  }
  return good
}
