/** The library names this module's type, which Deno does not have, and loads it on Bun alone. */
declare module 'bun:sqlite'

/** So it does with this global. */
declare const Bun: { readonly CryptoHasher: new (algorithm: string, key?: string) => Hasher }

interface Hasher {
  copy(): Hasher
  update(text: string): Hasher
  digest(): import('node:buffer').Buffer
  digest(encoding: 'base64'): string
}
