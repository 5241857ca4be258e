import { seenOf } from './bare.mjs'
import { readCertificate } from './certificate.mjs'
import { check, note } from './checks.mjs'
import { exchange, send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { clockOf, signedByPeers, signedForm } from './vectors.mjs'
import { same, visible } from './visible.mjs'

/**
 * Sends requests that other implementations signed, byte for byte, over HTTP and HTTPS, to a server with the
 * clock of that time. What a runtime rewrites must be rejected, unless the adapter has `requestTarget`.
 */
export async function peersOverSockets(adapter) {
  const handlers = ['bare', 'peers', 'control']
  const database = 'sqlite::memory:'
  const tls = readCertificate()
  const servers = {
    http: await startServer({ adapter, handlers, database }),
    https: await startServer({
      adapter,
      handlers: ['bare', 'peers'],
      plain: ['control'],
      database,
      tls,
    }),
  }
  const useRaw = !['bun', 'deno'].includes(adapter)
  const counts = { accepted: 0, rejected: 0, 'rejected as rewritten': 0 }
  // A credential with a key that the draft forbids cannot be created: `peers` checks that.
  const all = signedByPeers().filter(({ key }) => !/["\\]/.test(key))
  for (const vector of all) {
    const bytes = bytesOf(vector)
    const { ports } = servers[vector.scheme]
    const ca = vector.scheme === 'https' ? tls.cert : null
    const seen = await seenOf(ports.bare, bytes, ca)
    const sent = { hosts: [vector.host_header], wellFormed: true }
    const untouched = same(signedForm(vector), visible(sent, seen, useRaw))
    const wanted = vector.right && untouched
    counts[wanted ? 'accepted' : vector.right ? 'rejected as rewritten' : 'rejected']++
    await control(ports.control, vector, useRaw)
    const statuses = []
    for (const _ of ['first', 'again']) {
      statuses.push((await exchange(ports.peers, bytes, { ca })).status)
    }
    const rejections = seen.status === undefined ? [401] : [seen.status, 'closed']
    const asWanted = statuses.map((status) => (rejections.includes(status) ? 'rejected' : status))
    check(vector.name, asWanted, [wanted ? 200 : 'rejected', 'rejected'])
  }
  for (const server of Object.values(servers)) await server.kill()
  const list = Object.entries(counts).map(([what, count]) => `${what} ${count}`)
  note(`${adapter}, peers over sockets: ${list.join(', ')}`)
}

function bytesOf({ method, target, host_header, authorization }) {
  const fields = [`Host: ${host_header}`, `Authorization: ${authorization}`, 'Connection: close']
  return `${[`${method} ${target} HTTP/1.1`, ...fields].join('\r\n')}\r\n\r\n`
}

async function control(port, vector, useRaw) {
  const { id, key, algorithm } = vector
  const create = { id, key, allowShortKey: true, algorithm, expires: null }
  const body = JSON.stringify({ now: clockOf(vector), create, useRaw })
  const { body: done, status } = await send(port, { method: 'POST', host: 'localhost', body })
  if (status !== 200 || !done.includes('done')) throw new Error(`the answer was ${status} ${done}`)
}
