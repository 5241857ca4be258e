const PLAIN = 1
const TOKEN = 2
const BLANK = 4
const BASE64 = 8
/** The code of `=`. */
const PADDING = 0x3d

// Outside of the function: a literal inside would be created again with each call.
const VISIBLE = /^[\x21-\x7e]*$/

/** The kinds of each ASCII character, as bits. */
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

/** Whether a character code is of a kind. After the end of a string, the code is NaN, which is of no kind. */
function isOf(kind: number, code: number): boolean {
  return code < 128 && ((KINDS[code] as number) & kind) !== 0
}

/**
 * Whether a character code is allowed in a `plain-string` (draft §3.1): printable ASCII without `"` and
 * `\`. A value with another character cannot be sent.
 */
export function isPlain(code: number): boolean {
  return isOf(PLAIN, code)
}

/** Whether a character code is allowed in a token, such as a parameter's name (RFC 9110 §5.6.2). */
export function isToken(code: number): boolean {
  return isOf(TOKEN, code)
}

/** Whether a character code is white space in a header: space or tab. */
export function isBlank(code: number): boolean {
  return isOf(BLANK, code)
}

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
  for (let padding = 0; padding < 2 && text.charCodeAt(end - 1) === PADDING; padding++) end--
  let at = 0
  while (at < end && isOf(BASE64, text.charCodeAt(at))) at++
  return at === end
}

/** Returns the first character of `value` that is not allowed in a `plain-string`, or `null`. */
export function forbiddenCharacter(value: string): string | null {
  return /[^\x20-\x21\x23-\x5b\x5d-\x7e]/u.exec(value)?.[0] ?? null
}

/** Returns the name of a character for an error message, so that an invisible one can be found. */
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

/** A scope-token (RFC 6749 §3.3): printable ASCII without space, `"` and `\`. */
export const SCOPE_TOKEN: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Whether a text is a list of scopes, separated by one space (RFC 6749 §3.3). */
export function isScopeList(text: string): boolean {
  return text.split(' ').every((scope) => SCOPE_TOKEN.test(scope))
}

/**
 * The signed headers: the header fields that show what a client signed, or from which a server finds it out.
 * Reports of rejected requests contain only these: no cookies, and no fields with tokens of other schemes.
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
 * Characters that a terminal may execute or hide: control characters (including line ends), format characters
 * (bidirectional and zero-width ones, the byte order mark), line and paragraph separators, and halves of
 * surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Escapes characters that a terminal may execute or hide, including line ends. So the result is one line. */
export function plain(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** Whether a text contains nothing that {@link plain} escapes. */
export function isPlainText(text: string): boolean {
  return text.search(UNSAFE) === -1
}

/**
 * Returns a value as JSON, in which everything is escaped that {@link plain} escapes. It parses back to
 * the same.
 */
export function plainJson(value: unknown, indent?: number): string {
  // The only control character that JSON.stringify writes unescaped is the line feed between two lines.
  const json = JSON.stringify(value, null, indent)
  return json.replace(UNSAFE, (character) => (character === '\n' ? character : escaped(character)))
}

/** Escapes a character. Above U+FFFF, it becomes two escapes, as in JSON. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
