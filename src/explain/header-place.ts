import { shown } from './guess.ts'

const PARAMETER = /[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"[ -!#-[\]-~]*"|[^ \t",;\\]+)/y
const SEPARATOR = /[ \t]*(?:,|$)/y

/**
 * Where an `Authorization` header goes wrong: the first place at which no parameter stands, or one
 * that was there before. `null` where there is no such place, as with one that lacks a parameter.
 */
export function faultPlace(header: string): string | null {
  if (!/^MAC(?:[ \t]|$)/i.test(header)) return null
  const names = new Set<string>()
  let at = 3
  while (at < header.length) {
    PARAMETER.lastIndex = at
    const [text, name = ''] = PARAMETER.exec(header) ?? []
    if (text === undefined || names.has(name.toLowerCase())) return place(header, at)
    names.add(name.toLowerCase())
    SEPARATOR.lastIndex = at + text.length
    if (!SEPARATOR.test(header)) return place(header, at + text.length)
    at = SEPARATOR.lastIndex
  }
  return null
}

function place(header: string, from: number): string {
  let at = from
  while (header[at] === ' ' || header[at] === '\t') at++
  return `from position ${at} on: ${shown(header.slice(at, at + 40))}`
}
