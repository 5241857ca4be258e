/** The library names this module's type, which Deno does not have, and loads it on Bun alone. */
declare module 'bun:sqlite'

/** So it does with this global. */
declare const Bun: {
  readonly CryptoHasher: new (
    algorithm: string,
    key: string,
  ) => { copy(): { update(text: string): { digest(encoding: 'base64'): string } } }
}
