/** The codes of the characters that delimit the parts of a header field. */
export const QUOTE = 0x22
export const COMMA = 0x2c
export const SEMICOLON = 0x3b
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c

// Classes of characters for regular expressions, without the brackets, so that each is written once.

/**
 * Draft §3.1: `plain-string = 1*( %x20-21 / %x23-5B / %x5D-7E )`, which is printable ASCII without `"` and `\`.
 * Nothing is ever escaped.
 */
export const PLAIN_STRING: string = String.raw`\x20\x21\x23-\x5b\x5d-\x7e`
/** The number of characters in {@link PLAIN_STRING}. */
export const PLAIN_STRING_CHARACTERS = 93
/** RFC 9110 §5.6.2: a token, such as a method or a parameter's name. */
export const TOKEN = "!#$%&'*+.^_`|~0-9A-Za-z-"
/** RFC 4648 §4, without the padding. */
const BASE64 = 'A-Za-z0-9+/'

// The bits of these classes in the table below.
const IN_PLAIN_STRING = 1
const IN_TOKEN = 2
const IN_BASE64 = 4
const IS_BLANK = 8

/** The classes of each ASCII character, as bits. */
const CLASSES: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  const bit = (characters: string, mask: number) =>
    new RegExp(`[${characters}]`).test(character) ? mask : 0
  return (
    bit(PLAIN_STRING, IN_PLAIN_STRING) |
    bit(TOKEN, IN_TOKEN) |
    bit(BASE64, IN_BASE64) |
    bit(' \t', IS_BLANK)
  )
})

/** Whether a code is in a class. After the end of a string, the code is NaN, which is in no class. */
function isIn(mask: number, code: number): boolean {
  return code < 128 && ((CLASSES[code] as number) & mask) !== 0
}

/**
 * Whether a character code is allowed in a `plain-string` (draft §3.1): printable ASCII without `"` and
 * `\`. A value with another character cannot be sent.
 */
export function isPlainStringCode(code: number): boolean {
  return isIn(IN_PLAIN_STRING, code)
}

/** Whether a character code is allowed in a token (RFC 9110 §5.6.2). */
export function isTokenCode(code: number): boolean {
  return isIn(IN_TOKEN, code)
}

/** Whether a character code is white space in a header: space or tab. */
export function isBlankCode(code: number): boolean {
  return isIn(IS_BLANK, code)
}

// Outside of the functions: a literal inside would be created again with each call.
const VISIBLE = /^[\x21-\x7e]*$/
const BASE64_OR_BASE64URL = /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/
const NOT_PLAIN_STRING = new RegExp(`[^${PLAIN_STRING}]`, 'u')

/** Whether `text` has only printable ASCII without the space, as in a request line. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text)
}

/**
 * Whether `text` is base64 in the standard alphabet, with padding (RFC 4648 §4). It is a loop, because a
 * regular expression takes three times as long on Node: it backtracks to find the padding.
 */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false
  let end = text.length
  for (let padding = 0; padding < 2 && text.charCodeAt(end - 1) === EQUALS; padding++) end--
  let at = 0
  while (at < end && isIn(IN_BASE64, text.charCodeAt(at))) at++
  return at === end
}

/**
 * Returns base64 in the standard alphabet with padding, for base64url (RFC 4648 §5) or base64 without padding: the
 * bytes are the same. Any other text is returned unchanged. A text with characters of both alphabets is neither.
 */
export function standardBase64(text: string): string {
  if (isBase64(text) || !BASE64_OR_BASE64URL.test(text)) return text
  const standard = text.replaceAll('-', '+').replaceAll('_', '/')
  return standard.endsWith('=') ? standard : standard.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Returns the first character of `value` that is not allowed in a `plain-string`, or `null`. */
export function forbiddenCharacter(value: string): string | null {
  return NOT_PLAIN_STRING.exec(value)?.[0] ?? null
}

/** Returns the name of a character for an error message, so that an invisible one can be found. */
export function nameCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  if (code === QUOTE) return `a double quote (${number})`
  if (code === BACKSLASH) return `a backslash (${number})`
  if (code < 0x20 || code === 0x7f) return `a control character (${number})`
  if (code > 0x7f) return `a character outside ASCII (${number})`
  return `"${character}" (${number})`
}

/** A scope-token (RFC 6749 §3.3): the characters of a `plain-string`, but no space. */
export const SCOPE_TOKEN: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a text is a list of scopes, separated by one space (RFC 6749 §3.3). */
export function isScopeList(text: string): boolean {
  return text.split(' ').every((scope) => SCOPE_TOKEN.test(scope))
}

/**
 * Splits a header value at a separator, but not within quoted strings (RFC 9110 §5.6.4).
 *
 * @returns The pieces, unchanged, or `null` if a quote is not closed.
 */
export function splitList(text: string, separator: ',' | ';'): string[] | null {
  const pieces: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted && character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (!quoted && character === separator) {
      pieces.push(text.slice(start, at))
      start = at + 1
    }
  }
  if (quoted) return null
  pieces.push(text.slice(start))
  return pieces
}

/** Removes spaces and tabs from both ends, and nothing else. `trim()` would also remove a no-break space. */
export function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '')
}
