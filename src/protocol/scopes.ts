/** A scope-token (RFC 6749 §3.3): printable ASCII without space, `"` and `\`. */
export const SCOPE_TOKEN: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a text is scopes with one space between two of them (RFC 6749 §3.3). */
export function isScopeList(text: string): boolean {
  return text.split(' ').every((scope) => SCOPE_TOKEN.test(scope))
}
