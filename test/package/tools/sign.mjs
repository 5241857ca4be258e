import { createHmac, randomUUID } from 'node:crypto'

/** Signs a GET request by the draft's rules, without the library. */
export function authorization({ id, key }, address) {
  const url = new URL(address)
  const ts = Math.floor(Date.now() / 1000)
  const nonce = randomUUID()
  const covered = [ts, nonce, 'GET', url.pathname + url.search, url.hostname, url.port, '']
  const text = covered.map((line) => `${line}\n`).join('')
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}
