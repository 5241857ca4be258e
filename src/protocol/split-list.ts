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
