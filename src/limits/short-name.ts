import { createHash } from 'node:crypto'

/** The longest name that is kept as it is: PostgreSQL's column has room for 255 characters. */
const LONGEST = 150

/** A name of bounded length for a text that somebody else chose. */
export function shortName(text: string): string {
  if (text.length <= LONGEST) return text
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`
}
