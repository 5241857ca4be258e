import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { MAX_HEADER_LENGTH } from '../protocol/parameters.ts'
import { shown } from './search.ts'

/** An `Authorization` header that was read. */
export interface ReadHeader {
  /** Its parameters. `null` if they cannot be recognized. */
  readonly sent: MacAuthorization | null
  /** The error of the server's parser. `null` if the header is valid. */
  readonly problem: unknown
}

const LENIENT = /(?:^|[\s,;])(id|ts|nonce|ext|mac)\s{0,8}=\s{0,8}(?:"([^"]*)"|([^\s",;]*))/gi

/**
 * Reads an `Authorization` header as the server does. If that fails, it uses a lenient parser, so that
 * the search can go on if the parameters can still be recognized.
 */
export function readHeader(header: string | null): ReadHeader {
  try {
    return { sent: parseAuthorization(header), problem: null }
  } catch (problem) {
    return { sent: header === null ? null : parseLeniently(header), problem }
  }
}

/** Returns the key identifier of a header, even if the server rejects the header. */
export function identifierOf(header: string | null): string | null {
  return readHeader(header).sent?.id ?? null
}

function parseLeniently(header: string): MacAuthorization | null {
  if (header.length > MAX_HEADER_LENGTH) return null
  const found = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of header.slice(3).matchAll(LENIENT)) {
    const key = name.toLowerCase()
    if (found.has(key)) return null
    found.set(key, quoted ?? bare)
  }
  const [id, ts, nonce, mac] = ['id', 'ts', 'nonce', 'mac'].map((name) => found.get(name))
  if (id === undefined || ts === undefined || nonce === undefined || mac === undefined) return null
  return { id, ts, nonce, ext: found.get('ext') || null, mac }
}

const PARAMETER = /[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"[ -!#-[\]-~]*"|[^ \t",;\\]+)/y
const SEPARATOR = /[ \t]*(?:,|$)/y

/**
 * Returns the first position of an `Authorization` header that is not a parameter, or that repeats one.
 * `null` if there is no such position: for example, if a parameter is missing.
 */
export function faultPosition(header: string): string | null {
  if (!/^MAC(?:[ \t]|$)/i.test(header)) return null
  const names = new Set<string>()
  let at = 3
  while (at < header.length) {
    PARAMETER.lastIndex = at
    const [text = '', name = ''] = PARAMETER.exec(header) ?? []
    const repeated = names.has(name.toLowerCase())
    names.add(name.toLowerCase())
    SEPARATOR.lastIndex = at + text.length
    if (text === '' || repeated || !SEPARATOR.test(header)) {
      const from = text === '' || repeated ? at : at + text.length
      const blanks = /^[ \t]*/.exec(header.slice(from))?.[0].length ?? 0
      const start = from + blanks
      return `at position ${start}: ${shown(header.slice(start, start + 40))}`
    }
    at = SEPARATOR.lastIndex
  }
  return null
}
