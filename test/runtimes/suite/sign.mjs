import { createHmac, randomBytes } from 'node:crypto'

/** The credential that every server of the suite has. */
export const ADA = {
  user: 'ada',
  id: 'ada-id',
  key: 'ada-a-key-that-holds-128-bits',
  algorithm: 'hmac-sha-256',
}

/**
 * Signs as the draft says (draft §3.2.1), without the library, because its signer would share its mistakes.
 *
 * @param form The method, target, host and port that are signed.
 */
export function sign(form, { ext = '', ts = String(Math.floor(Date.now() / 1000)) } = {}) {
  const nonce = randomBytes(12).toString('hex')
  const { method, target, host, port } = form
  const lines = [ts, nonce, method, target, host, port, ext]
  const text = lines.map((line) => `${line}\n`).join('')
  const mac = createHmac('sha256', ADA.key).update(text, 'latin1').digest('base64')
  const tail = ext === '' ? '' : `, ext="${ext}"`
  return `MAC id="${ADA.id}", ts="${ts}", nonce="${nonce}", mac="${mac}"${tail}`
}

/** @returns A signed request to a host and port, for `send`. */
export function signed({ method = 'GET', target = '/', host, ...rest }, options) {
  const [name, port = '80'] = host.split(':')
  const authorization = sign({ method, target, host: name, port }, options)
  return { method, target, host, ...rest, authorization }
}
