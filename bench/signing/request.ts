import { createHmac, randomBytes } from 'node:crypto'

/** The request that all contenders verify: a GET of this. */
export const HOST = 'example.com'
export const TARGET = '/resource/1?b=1&a=2'
export const URL_SIGNED: string = `http://${HOST}${TARGET}`
/** What is asked for with a signature that was made for {@link TARGET}. */
export const OTHER_TARGET = '/resource/2?b=1&a=2'

/** The credential of all contenders that have one. */
export const ID = 'h480djs93hd8h480'
export const KEY = 'kWh3VgYq1QkXcZ0vUeR8nJt5bSaLmPyD2fGxNi7oEwC'

/** 96 random bits in base64url: no contender gains by nonces in order. */
export function freshNonce(): string {
  return randomBytes(12).toString('base64url')
}

/** The time, in whole seconds since 1970. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** HMAC-SHA256 in base64. Contenders' clients sign with it where they have no way of their own. */
export function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}

/** A request with one field, as a Fetch handler gets it. */
export function fetchRequest(authorization: string, url: string = URL_SIGNED): Request {
  return new Request(url, { headers: { authorization } })
}

/** Replaces a character in the middle, where the padding of an encoding does not hide it. */
export function changed(text: string): string {
  const at = Math.floor(text.length / 2)
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
