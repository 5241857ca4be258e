import { createHash, randomBytes, webcrypto } from 'node:crypto'
import { prepareKey } from '../protocol/hmac.ts'
import type { MacAlgorithm } from '../protocol/signature.ts'

// The cryptography of the client on Node, Bun and Deno. In browsers, `web/crypto.ts` replaces this file.

/** A `CryptoKey`, as the types of browsers or those of node:crypto describe it. */
export interface CryptoKeyLike {
  readonly type: string
  readonly extractable: boolean
  readonly algorithm: { readonly name: string }
  readonly usages: readonly string[]
}

/** Computes MACs with one key, in base64. */
export type MacFunction = (text: string) => string | Promise<string>

/** Prepares a key. A `CryptoKey` must be one for HMAC: that is *not* checked. */
export function macFunction(algorithm: MacAlgorithm, key: string | CryptoKeyLike): MacFunction {
  if (typeof key === 'string') return macFunctionSync(algorithm, key)
  return async (text) => {
    const bytes = await webcrypto.subtle.sign(
      'HMAC',
      key as CryptoKey,
      new TextEncoder().encode(text),
    )
    return Buffer.from(bytes).toString('base64')
  }
}

/** Prepares a key, and computes its MACs at once. */
export const macFunctionSync: (algorithm: MacAlgorithm, key: string) => (text: string) => string =
  prepareKey

/** Returns the SHA-256 of a body in base64. */
export function digestBody(body: Uint8Array<ArrayBuffer>): string | Promise<string> {
  return digestBodySync(body)
}

/** Returns the SHA-256 of a body in base64. A string counts as UTF-8. */
export function digestBodySync(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('base64')
}

/** Returns 128 random bits, so that every nonce is different. */
export function randomNonce(): string {
  return randomBytes(16).toString('base64url')
}
