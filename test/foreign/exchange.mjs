import { readRequest, withTarget } from './relay.mjs'

/** The credentials of the servers. */
export const CREDENTIALS = ['hmac-sha-256', 'hmac-sha-1'].map((algorithm) => ({
  user: 'ada',
  id: `ada-${algorithm.slice('hmac-sha-'.length)}`,
  key: 'ada-a-key-that-holds-128-bits',
  algorithm,
}))

const WRONG_KEY = 'another-key-that-holds-128-bits'

/**
 * Lets a client send a request to a server.
 *
 * @returns `outcome`: `passed`, `rejected`, or `unsent` if the client sent nothing. `sent`: the bytes of the
 *   last request that it sent. `report`: what the server says of the rejection, if it is withmac's. `used`:
 *   what the client signed with.
 */
export async function exchange(client, server, request) {
  const { algorithm = 'hmac-sha-256', digest = false } = request
  const { id, key } = CREDENTIALS.find((each) => each.algorithm === algorithm)
  const used = { id, key, ...request, algorithm: request.signWith ?? algorithm }
  const secure = request.url === undefined || request.url.startsWith('https:')
  const relay = server.relays[digest ? 'digest' : 'plain'][secure ? 'https' : 'http']
  relay.take()
  const url = request.url?.replace('RELAY', relay.port)
  const answer = await client.ask({ method: 'GET', ...used, url, relay: relay.port })
  const sent = relay.take().at(-1) ?? null
  const outcome = sent === null ? 'unsent' : answer.status === 200 ? 'passed' : 'rejected'
  const report = outcome === 'rejected' ? await server.report() : null
  const answered = answer.error ?? `status ${answer.status}`
  return { outcome, answered, sent, report, relay, secure, used }
}

/** Sends the bytes of an accepted request a second time. Throws unless they are rejected as a replay. */
export async function replay(server, { relay, sent }) {
  return mustBeRejected(server, relay, sent, 'ERR_MAC_REPLAY')
}

/** Sends a request with a wrong key, and one with another target. Throws unless both are rejected. */
export async function negativeControls(client, server, request) {
  const { report } = await exchange(client, server, { ...request, key: WRONG_KEY })
  if (report?.code !== 'ERR_MAC_MISMATCH') {
    throw new Error(`${server.title} did not reject a wrong key: ${JSON.stringify(report)}`)
  }
  const { relay, sent } = await exchange(client, server, request)
  const { target } = readRequest(sent)
  await mustBeRejected(server, relay, withTarget(sent, `${target}0`), 'ERR_MAC_MISMATCH')
}

/** Sends a body without the digest that the server asks for. Throws unless it is rejected. */
export async function withoutDigest(client, server, request) {
  const { report } = await exchange(client, server, { ...request, forgetDigest: true })
  if (report?.code === 'ERR_MAC_EXT') return
  throw new Error(`${server.title} did not reject a body without a digest: ${report?.code}`)
}

async function mustBeRejected(server, relay, bytes, code) {
  const status = await relay.send(bytes)
  const report = await server.report()
  if (status === 401 && report?.code === code) return report
  throw new Error(`${server.title} answered ${status} ${report?.code}, not ${code}:\n${bytes}`)
}
