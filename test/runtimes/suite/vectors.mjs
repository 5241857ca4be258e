import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { config } from './this-runtime.mjs'

/** @returns The content of a file in `test/vectors`. */
export function readVectors(name) {
  return JSON.parse(readFileSync(join(config.folder, `vectors/${name}.json`), 'utf8'))
}

/**
 * Returns all requests that other implementations signed, as they were sent. If one was signed in another way
 * than the draft says, it comes also with the MAC of the draft.
 */
export function signedByPeers() {
  const all = ['auth_mac', 'macauthlib', 'rack-oauth2'].flatMap((peer) =>
    readVectors(peer).vectors.map((vector) => ({ ...vector, name: `${peer} #${vector.n}` })),
  )
  const corrected = all.filter(({ conforms }) => !conforms).map(asPrescribed)
  return [...all, ...corrected].map((vector) => ({ ...vector, right: isRight(vector) }))
}

function asPrescribed({ authorization, mac, spec_mac, name, ...vector }) {
  const corrected = authorization.replace(mac, spec_mac)
  return { ...vector, name: `${name} as prescribed`, mac: spec_mac, authorization: corrected }
}

/** `ts` in the draft: a positive integer without leading zeros, here with at most 16 digits. */
const TIMESTAMP = /^[1-9][0-9]{0,15}$/
/** A plain-string of the draft, or empty: printable ASCII without `"` and `\`. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/

/** @returns Whether a request must be accepted, by the rules of the draft. */
function isRight({ authorization, key, algorithm, mac, nonce, ext, ...vector }) {
  const ts = /\bts="([^"]*)"/.exec(authorization)?.[1]
  if (!TIMESTAMP.test(ts) || !PLAIN.test(ext) || !PLAIN.test(key)) return false
  const { method, target, host, port } = signedForm(vector)
  const text = [ts, nonce, method, target, host, port, ext].map((line) => `${line}\n`).join('')
  const hash = algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  return createHmac(hash, key).update(text).digest('base64') === mac
}

/** @returns What the signature of a vector covers. */
export function signedForm({ method, target, host_header, scheme }) {
  return { method: method.toUpperCase(), target, ...originOf(host_header, scheme) }
}

/** @returns The host and the port of a well-formed authority (draft §3.2.1). */
export function originOf(authority, scheme = 'http') {
  const [, host, port] = /^(.*?)(?::([0-9]+))?$/s.exec(authority)
  return { host: host.toLowerCase(), port: port ?? (scheme === 'https' ? '443' : '80') }
}

/** @returns The time at which a vector is valid. */
export function clockOf({ ts }) {
  return Math.min(Number(ts), Number.MAX_SAFE_INTEGER)
}
