import { createHmac, randomBytes } from 'node:crypto'

/** The host and target of the GET request that all contenders verify. */
export const HOST = 'example.com'
export const TARGET = '/resource/1?b=1&a=2'
export const URL_SIGNED: string = `http://${HOST}${TARGET}`
/** The target of a changed request, whose signature was made for {@link TARGET}. */
export const OTHER_TARGET = '/resource/2?b=1&a=2'

/** The credential of all contenders. */
export const ID = 'h480djs93hd8h480'
export const KEY = 'kWh3VgYq1QkXcZ0vUeR8nJt5bSaLmPyD2fGxNi7oEwC'

/** @returns 96 random bits in base64url, so that no contender profits from ordered nonces. */
export function freshNonce(): string {
  return randomBytes(12).toString('base64url')
}

/** @returns The time, in whole seconds since 1970. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** @returns HMAC-SHA256 in base64, for contenders without their own client. */
export function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}

/** @returns A Fetch request with this Authorization header. */
export function fetchRequest(authorization: string, url: string = URL_SIGNED): Request {
  return new Request(url, { headers: { authorization } })
}

/** Replaces a character in the middle. At the end, the padding of an encoding could hide the change. */
export function changed(text: string): string {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
