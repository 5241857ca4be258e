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
