/** `true` where both are the very same type: `any` and `unknown` equal nothing but themselves. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where the statement holds, as in `holds<Equal<typeof value, string>>()`. */
export function holds<_Statement extends true>(): void {}
