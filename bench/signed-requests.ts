import { createHmac } from 'node:crypto'
import type { NewCredential } from 'withmac'

/** The URL that all benches verify requests for. */
export const URL_SIGNED = 'http://example.com/resource/1?b=1&a=2'

let count = 0

/** The header of a fresh request to {@link URL_SIGNED}. */
export function freshHeader({ id, key }: NewCredential): string {
  const ts = Math.floor(Date.now() / 1000)
  const nonce = `bench-${process.pid}-${count++}`
  const text = `${ts}\n${nonce}\nGET\n/resource/1?b=1&a=2\nexample.com\n80\n\n`
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}

/** A fresh request to {@link URL_SIGNED}. */
export function freshRequest(credential: NewCredential): Request {
  return new Request(URL_SIGNED, { headers: { authorization: freshHeader(credential) } })
}
