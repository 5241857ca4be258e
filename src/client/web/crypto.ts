import { hmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type * as OnServers from '../crypto.ts'

export type { CryptoKeyLike, MacFunction } from '../crypto.ts'

// WebCrypto is asynchronous. Only for signHeaders, which is not, noble-hashes computes: a bundle without
// signHeaders does not contain it.

/** Prepares a key as `../crypto.ts` does. A key that is a string is imported with the first MAC. */
export const macFunction: typeof OnServers.macFunction = (algorithm, key) => {
  // Not the promise: in Workers, a request cannot wait for what another one began.
  let imported = typeof key === 'string' ? null : (key as CryptoKey)
  return async (text) => {
    const { subtle } = webCrypto()
    const hash = algorithm === 'hmac-sha-1' ? 'SHA-1' : 'SHA-256'
    const format = { name: 'HMAC', hash }
    imported ??= await subtle.importKey('raw', utf8(key as string), format, false, ['sign'])
    return toBase64(await subtle.sign('HMAC', imported, utf8(text)))
  }
}

/** Returns the SHA-256 of a body in base64. */
export const digestBody: typeof OnServers.digestBody = async (body) =>
  toBase64(await webCrypto().subtle.digest('SHA-256', body))

export const macFunctionSync: typeof OnServers.macFunctionSync = (algorithm, key) => {
  const hash = algorithm === 'hmac-sha-1' ? sha1 : sha256
  return (text) => toBase64(hmac(hash, utf8(key), utf8(text)))
}

export const digestBodySync: typeof OnServers.digestBodySync = (body) =>
  toBase64(sha256(typeof body === 'string' ? utf8(body) : body))

/** Returns 128 random bits, so that every nonce is different. Unlike the rest, browsers have them on every page. */
export const randomNonce: typeof OnServers.randomNonce = () =>
  toBase64(crypto.getRandomValues(new Uint8Array(16)))

/** @throws TypeError if there is no WebCrypto: browsers have it only for pages that nobody could change on the way. */
function webCrypto(): Crypto {
  if (globalThis.crypto?.subtle !== undefined) return crypto
  throw new TypeError(
    'withmac: there is no WebCrypto here. Pages have it only if they come from https: or localhost.',
  )
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

function toBase64(bytes: ArrayBuffer | Uint8Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
}
