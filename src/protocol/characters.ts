const PLAIN = 1
const TOKEN = 2
const BLANK = 4

// Out of the functions: a literal within one would be made anew with each call.
const VISIBLE = /^[\x21-\x7e]*$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** What each ASCII character may be part of. */
const KINDS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  const is = (pattern: RegExp, kind: number) => (pattern.test(character) ? kind : 0)
  return (
    // Draft §3.1: `plain-string = 1*( %x20-21 / %x23-5B / %x5D-7E )`. Nothing is ever escaped.
    is(/[\x20-\x21\x23-\x5b\x5d-\x7e]/, PLAIN) |
    // RFC 9110 §5.6.2.
    is(/[!#$%&'*+.^_`|~0-9A-Za-z-]/, TOKEN) |
    is(/[ \t]/, BLANK)
  )
})

/** Past the end of a string the code is NaN, which is of no kind. */
function isOf(kind: number, code: number): boolean {
  return code < 128 && ((KINDS[code] as number) & kind) !== 0
}

/**
 * Whether a character code may stand in a `plain-string` (draft §3.1): printable ASCII without `"`
 * and `\`. A value that holds another character cannot be sent.
 */
export function isPlain(code: number): boolean {
  return isOf(PLAIN, code)
}

/** Whether a character code may stand in a token, such as a parameter's name (RFC 9110 §5.6.2). */
export function isToken(code: number): boolean {
  return isOf(TOKEN, code)
}

/** Whether a character code is white space within a header line: space or tab. */
export function isBlank(code: number): boolean {
  return isOf(BLANK, code)
}

/** Whether all of `text` is printable ASCII without the space: what a request line can carry. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text)
}

/** Whether `text` is base64 in the standard alphabet, with padding (RFC 4648 §4). */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && BASE64.test(text)
}

/** The first character that keeps `value` from being a `plain-string`, or `null`. */
export function forbiddenCharacter(value: string): string | null {
  return /[^\x20-\x21\x23-\x5b\x5d-\x7e]/u.exec(value)?.[0] ?? null
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
