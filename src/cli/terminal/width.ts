const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200c]|\u200d|\ufe0f/u

/** How many columns a terminal takes for a text without control characters, near enough. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** A text cut to a width, with `…` at its end where something was cut. */
export function cutTo(width: number, text: string): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const character of text) {
    left -= widthOfCharacter(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}

/**
 * A text in lines of a width, broken between words; a word that is longer stays whole.
 *
 * @param indent How far all lines but the first are moved to the right; it counts for their width, and
 *   for that of the first, before which as much is written already.
 */
export function wrap(text: string, width: number | null, indent: number): string {
  const room = (width ?? Number.POSITIVE_INFINITY) - indent
  if (widthOf(text) <= room || room < 20) return text
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

function widthOfCharacter(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
