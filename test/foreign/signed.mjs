import { createHmac } from 'node:crypto'
import { readRequest } from './relay.mjs'

/**
 * Returns what a client signed, each element and the key: what it sent, unless a difference says otherwise.
 * Throws if that does not give the client's MAC, so that no difference says something wrong.
 */
export function signedBy({ sent, secure, used }, differs) {
  const { method, target, host: field, authorization } = readRequest(sent)
  const [, host, port = secure ? '443' : '80'] = /^(.*?)(?::(\d+))?$/.exec(field)
  const parameter = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(authorization)?.[1] ?? ''
  const wire = { method, target, host: host.toLowerCase(), port, ext: parameter('ext') }
  const signed = { ...wire, ...differs(wire), key: used.key }
  const lines = [
    parameter('ts'),
    parameter('nonce'),
    ...['method', 'target', 'host', 'port', 'ext'].map((name) => signed[name]),
  ]
  const text = lines.map((line) => `${line}\n`).join('')
  const hash = used.algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  const mac = createHmac(hash, used.key).update(text).digest('base64')
  if (mac === parameter('mac')) return signed
  throw new Error(`the client did not sign ${JSON.stringify(signed)}:\n${sent}`)
}

/** What the option `sign` of a mistake changes of what was signed. */
export function byHand({ url, method, ext }) {
  const elements = { ...(method && { method }), ...(ext && { ext }) }
  if (url === undefined) return elements
  const { pathname, search, hostname, port, protocol } = new URL(url)
  const usual = protocol === 'https:' ? '443' : '80'
  return { ...elements, target: pathname + search, host: hostname, port: port || usual }
}

/** For a client that signed another string than that of draft 01, or whose string is not known. */
export const NOT_KNOWN = { method: null, target: null, host: null, port: null, ext: null }
