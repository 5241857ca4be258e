/** `true` if both are exactly the same type. `any` and `unknown` equal only themselves. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if the statement is true, as in `holds<Equal<typeof value, string>>()`. */
export function holds<_Statement extends true>(): void {}
