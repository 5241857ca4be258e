import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { config } from './this-runtime.mjs'

/** A file of the folder `test/vectors`. */
export function readVectors(name) {
  return JSON.parse(readFileSync(join(config.folder, `vectors/${name}.json`), 'utf8'))
}

/**
 * All requests that other implementations signed, as they were sent; and for those signed otherwise
 * than the draft says, the same with the MAC that it prescribes.
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

/** `ts` of the draft: a positive integer without leading zeros, that a clock can show. */
const TIMESTAMP = /^[1-9][0-9]{0,15}$/
/** A plain string of the draft, or none: printable ASCII without `"` and `\`. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/

/** Whether what was sent is what the draft lets in, by the draft's words alone. */
function isRight({ authorization, key, algorithm, mac, nonce, ext, ...vector }) {
  const ts = /\bts="([^"]*)"/.exec(authorization)?.[1]
  if (!TIMESTAMP.test(ts) || !PLAIN.test(ext) || !PLAIN.test(key)) return false
  const { method, target, host, port } = signedForm(vector)
  const text = [ts, nonce, method, target, host, port, ext].map((line) => `${line}\n`).join('')
  const hash = algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  return createHmac(hash, key).update(text).digest('base64') === mac
}

/** What a vector's signature covers. */
export function signedForm({ method, target, host_header, scheme }) {
  return { method: method.toUpperCase(), target, ...originOf(host_header, scheme) }
}

/** The host and the port of a well-formed authority (draft §3.2.1). */
export function originOf(authority, scheme = 'http') {
  const [, host, port] = /^(.*?)(?::([0-9]+))?$/s.exec(authority)
  return { host: host.toLowerCase(), port: port ?? (scheme === 'https' ? '443' : '80') }
}

/** The clock that a vector wants. */
export function clockOf({ ts }) {
  return Math.min(Number(ts), Number.MAX_SAFE_INTEGER)
}
