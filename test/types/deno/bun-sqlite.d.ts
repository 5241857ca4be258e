/** The library uses the types of this module, which Deno does not have. It loads it only on Bun. */
declare module 'bun:sqlite'

/** The same is true for this global. */
declare const Bun: { readonly CryptoHasher: new (algorithm: string, key?: string) => Hasher }

interface Hasher {
  copy(): Hasher
  update(text: string): Hasher
  digest(): import('node:buffer').Buffer
  digest(encoding: 'base64'): string
}
