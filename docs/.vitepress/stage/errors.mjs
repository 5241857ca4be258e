// Makes a page for each error code: the `type` of a problem document can be its address.
import { anchorOf, parts } from './markdown.mjs'

/**
 * Returns the pages of all error codes.
 *
 * @param text The page with all codes. Its links are already those of the site.
 * @returns Pairs of the name of a page and its text.
 */
export function errorPages(text) {
  return parts(text, 2).flatMap(({ heading, text: group }) => {
    const [{ text: intro }, ...codes] = parts(group, 3)
    return codes.map(({ heading: code, text: meaning }) => [
      `errors/${slugOf(code)}/index.md`,
      errorPage({ code, meaning, group: heading, intro }),
    ])
  })
}

function errorPage({ code, meaning, group, intro }) {
  return `---
title: ${code}
prev: false
next: false
---

# ${code.replace(/_(?=.{6})/g, '_<wbr>')}

${meaning.trim()}

[${group}](/errors/index.md#${anchorOf(group)})${intro.trim() && `: ${intro.trim()}`}

[Diagnostics](/diagnostics.md) says how to find out why a request was rejected. [All error codes](/errors/index.md).
`
}

/** Returns the end of the \`type\` for a code, as \`src/protocol/problem-type.ts\` makes it. */
function slugOf(code) {
  return code.slice('ERR_MAC_'.length).toLowerCase().replaceAll('_', '-')
}
