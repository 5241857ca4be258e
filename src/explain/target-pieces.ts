/** Cuts a target into path and query. The query has its question mark; it is empty if there is none. */
export function cutTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  if (mark === -1) return { path: target, query: '' }
  return { path: target.slice(0, mark), query: target.slice(mark) }
}

/** Not by a regular expression: that takes quadratic time for many slashes in the middle. */
export function withoutLastSlashes(path: string): string {
  let end = path.length
  while (path.charCodeAt(end - 1) === 0x2f) end--
  return path.slice(0, end)
}

/** Returns a path without the slashes at its end, or with one if there is none. */
export function toggleSlash(path: string): string {
  return path.endsWith('/') ? withoutLastSlashes(path) : `${path}/`
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g

/** Returns a text with its escapes in upper and in lower case. */
export function escapeCases(text: string): readonly [upper: string, lower: string] {
  return [
    text.replace(ESCAPE, (code) => code.toUpperCase()),
    text.replace(ESCAPE, (code) => code.toLowerCase()),
  ]
}

/** Decodes each valid escape. Other percent signs stay as they are. */
export function decode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

/** Decodes as `decodeURI()` does: escapes of reserved characters stay. */
export function decodePlain(text: string): string {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}

/** Decodes a text as a form is: `+` is a space. */
export function decodeForm(text: string): string {
  return decode(text.replaceAll('+', ' '))
}

/** Encodes a text. A lone surrogate, which cannot be encoded, is replaced first. */
export function encode(text: string, by: (text: string) => string): string {
  return by(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** Returns a target as `new URL()` writes it. */
export function normalized(target: string): string {
  try {
    const url = new URL(`http://host${target.startsWith('/') ? target : '/'}`)
    return url.pathname + url.search
  } catch {
    return target
  }
}

/** The escapes that Bun and `new URL()` write for raw characters, except the space: no client sends that raw. */
const WRITTEN_IN_PATH = /%(?:22|3c|3e|5c|5e|60|7b|7d)/gi
const WRITTEN_IN_QUERY = /%(?:22|27|3c|3e)/gi

/** Returns the path with the raw characters that Bun and `new URL()` encode. */
export function rawPath(path: string): string {
  return path.replace(WRITTEN_IN_PATH, decode)
}

/** Returns the query with the raw characters that Bun and `new URL()` encode. */
export function rawQuery(query: string): string {
  return query.replace(WRITTEN_IN_QUERY, decode)
}

/** Characters that some proxies and libraries encode, and others decode. */
const CHANGEABLE = "~-_.!'()*,:;@$&+="

/** Returns a text with more escapes: one for each kind of character that could have been decoded on the way. */
export function moreEscaped(text: string): string[] {
  const present = [...CHANGEABLE].filter((character) => text.includes(character))
  const forms = present.flatMap((character) => {
    const digits = character.charCodeAt(0).toString(16)
    return [...new Set([`%${digits.toUpperCase()}`, `%${digits}`])].map((code) =>
      text.replaceAll(character, code),
    )
  })
  const unreserved = text.replace(/[~_.-]/g, hexOf)
  const strict = text.replace(/[!'()*]/g, hexOf)
  return [...forms, unreserved, strict]
}

/** Returns a path with one of its characters escaped, for each of the first 64: a proxy may have decoded it. */
export function oneEscaped(path: string): string[] {
  return Array.from({ length: Math.min(path.length, 65) - 1 }, (_, before) => {
    const at = before + 1
    const code = hexOf(path.charAt(at))
    const forms = [...new Set([code, code.toLowerCase()])]
    return forms.map((form) => path.slice(0, at) + form + path.slice(at + 1))
  }).flat()
}

function hexOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

/** Returns a text with one kind of its escapes decoded: one form for each different escape, at most 12. */
export function lessEscaped(text: string): string[] {
  const codes = [...new Set(text.match(/%[2-7][0-9A-Fa-f]/g) ?? [])].slice(0, 12)
  return codes.map((code) => text.replaceAll(code, decode(code)))
}
