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
