const PLAIN = 1
const TOKEN = 2
const BLANK = 4
const BASE64 = 8
/** The code of `=`. */
const PADDING = 0x3d

// Out of the function: a literal within it would be made anew with each call.
const VISIBLE = /^[\x21-\x7e]*$/

/** What each ASCII character may be part of. */
const KINDS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  const is = (pattern: RegExp, kind: number) => (pattern.test(character) ? kind : 0)
  return (
    // Draft §3.1: `plain-string = 1*( %x20-21 / %x23-5B / %x5D-7E )`. Nothing is ever escaped.
    is(/[\x20-\x21\x23-\x5b\x5d-\x7e]/, PLAIN) |
    // RFC 9110 §5.6.2.
    is(/[!#$%&'*+.^_`|~0-9A-Za-z-]/, TOKEN) |
    is(/[ \t]/, BLANK) |
    // RFC 4648 §4, without the padding.
    is(/[A-Za-z0-9+/]/, BASE64)
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

/**
 * Whether `text` is base64 in the standard alphabet, with padding (RFC 4648 §4). A loop: a pattern takes
 * three times as long on Node, which goes back over what it read to look for the padding.
 */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false
  let end = text.length
  for (let padding = 0; padding < 2 && text.charCodeAt(end - 1) === PADDING; padding++) end--
  let at = 0
  while (at < end && isOf(BASE64, text.charCodeAt(at))) at++
  return at === end
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

/**
 * Splits a header value at a separator, leaving quoted strings (RFC 9110 §5.6.4) whole.
 *
 * @returns The pieces as they stand, or `null` where a quote is not closed.
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

/** Takes spaces and tabs off both ends, and nothing else: `trim()` would take a no-break space. */
export function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '')
}

/** A scope-token (RFC 6749 §3.3): printable ASCII without space, `"` and `\`. */
export const SCOPE_TOKEN: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a text is scopes with one space between two of them (RFC 6749 §3.3). */
export function isScopeList(text: string): boolean {
  return text.split(' ').every((scope) => SCOPE_TOKEN.test(scope))
}

/**
 * The header fields that bear on what a client signed, or on what a server takes it to have signed.
 * Reports of rejected requests hold these and no other: no cookies, and no tokens of other schemes'
 * fields.
 */
export const SIGNED_HEADERS: readonly string[] = [
  'authorization',
  'host',
  'forwarded',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-uri',
  'x-original-host',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
]

/**
 * What a terminal may obey, or not show: control characters (line ends among them), format characters
 * (bidirectional and zero-width ones, the byte order mark), line and paragraph separators, and halves of
 * surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Escapes what a terminal may obey or hide, line ends as well: what it returns is one line. */
export function plain(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** Whether a text holds nothing that {@link plain} escapes. */
export function isPlainText(text: string): boolean {
  return text.search(UNSAFE) === -1
}

/** A value as JSON, which parses back to the same, with all escaped that {@link plain} escapes. */
export function plainJson(value: unknown, indent?: number): string {
  // The only raw control character that JSON.stringify writes is the line feed between two lines.
  const json = JSON.stringify(value, null, indent)
  return json.replace(UNSAFE, (character) => (character === '\n' ? character : escaped(character)))
}

/** A character beyond U+FFFF takes two escapes, as in JSON. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
