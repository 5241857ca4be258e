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
 * Returns a value as JSON, in which everything is escaped that {@link plain} escapes. `JSON.parse` returns an
 * equal value.
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
