// Changes the Markdown of a page for the site.

/**
 * Returns a page with its links changed. It leaves blocks and spans of code as they are.
 *
 * @param change Returns the new target of a link.
 */
export function withLinks(text, change) {
  return mapProse(text, (prose) =>
    prose
      .replace(/(\]\()([^()\s]+)(\))/g, (_, before, link, after) => before + change(link) + after)
      .replace(/^(\[[^\]]+\]: +)(\S+)$/gm, (_, before, link) => before + change(link))
      // Vue would take it for an expression.
      .replaceAll('{{', '&#123;&#123;'),
  )
}

/** Changes what is outside of fences and of spans of code. */
function mapProse(text, change) {
  return text
    .split(/(^ *```[^\n]*\n[\s\S]*?^ *```$|`[^`\n]+`)/m)
    .map((piece, at) => (at % 2 === 1 ? piece : change(piece)))
    .join('')
}

/** Returns the parts of a page below its headings of a rank; the first part is what stands above them. */
export function parts(text, rank) {
  const start = new RegExp(`^#{${rank}} (.+)$`)
  const found = [{ heading: null, text: '' }]
  let isCode = false
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode
    const heading = isCode ? null : start.exec(line)
    if (heading !== null) found.push({ heading: heading[1], text: '' })
    else found.at(-1).text += `${line}\n`
  }
  return found
}

/** Returns the anchor of a heading, as code hosts make it. */
export function anchorOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
