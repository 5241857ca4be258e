import { freshNonce, HOST, hmac, ID, KEY, seconds, TARGET } from './request.ts'

/**
 * Returns the value of `Authorization` for a request with a new nonce. It is written from the draft, without
 * the library, so that both cannot share a mistake.
 */
export function macField(
  ts: number = seconds(),
  id: string = ID,
  key: string = KEY,
  nonce: string = freshNonce(),
): string {
  const mac = hmac(key, `${ts}\n${nonce}\nGET\n${TARGET}\n${HOST}\n80\n\n`)
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}
