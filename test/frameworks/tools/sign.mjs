import { createHash, createHmac, randomUUID } from 'node:crypto'

/** The credential that seed.ts of the applications creates. */
export const ADA = { id: 'ada-laptop', key: 'only-for-development-and-tests' }

/**
 * Signs as docs/signing-by-hand.md says, without the library, because its code would share its mistakes.
 *
 * @param origin The origin that the client calls, such as `https://orders.example.com`.
 * @param target The path and query as they are sent.
 * @param body The body to bind by its digest in `ext`; `null` for none.
 */
export function sign(method, origin, target, body = null) {
  const { protocol, hostname, port } = new URL(origin)
  const ts = Math.floor(Date.now() / 1000)
  const nonce = randomUUID()
  const ext = body === null ? '' : `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const covered = [
    ts,
    nonce,
    method,
    target,
    hostname,
    port || (protocol === 'https:' ? 443 : 80),
    ext,
  ]
  const text = covered.map((line) => `${line}\n`).join('')
  const mac = createHmac('sha256', ADA.key).update(text).digest('base64')
  return `MAC id="${ADA.id}", ts="${ts}", nonce="${nonce}", ext="${ext}", mac="${mac}"`
}
