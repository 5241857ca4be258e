/**
 * The characters that the draft's grammar knows (draft §3.1):
 * `plain-string = 1*( %x20-21 / %x23-5B / %x5D-7E )`, printable ASCII without `"` and `\`.
 * Nothing is ever escaped: a value that holds another character cannot be sent.
 */
const NOT_PLAIN = /[^\x20-\x21\x23-\x5b\x5d-\x7e]/u

/** Whether a character code may stand in a `plain-string`. */
export function isPlain(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c
}

/** Whether a character code may stand in a token, such as a parameter's name (RFC 9110 §5.6.2). */
export function isToken(code: number): boolean {
  return TOKEN[code] === true
}

const TOKEN: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(code)),
)

/** Whether a character code is white space within a header line: space or tab. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** The first character that keeps `value` from being a `plain-string`, or `null`. */
export function forbiddenCharacter(value: string): string | null {
  return NOT_PLAIN.exec(value)?.[0] ?? null
}

/** Names a character for an error message, so that an invisible one can be found. */
export function nameCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  if (code === 0x22) return `a double quote (${number})`
  if (code === 0x5c) return `a backslash (${number})`
  if (code < 0x20 || code === 0x7f) return `a control character (${number})`
  if (code > 0x7f) return `a character outside ASCII (${number})`
  return `"${character}" (${number})`
}
