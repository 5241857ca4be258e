import { parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { MAX_HEADER_LENGTH } from '../protocol/parameters.ts'
import { type Found, shown } from './search.ts'

/** An `Authorization` header that was read. */
export interface ReadHeader {
  /** Its parameters. `null` if they cannot be recognized. */
  readonly sent: MacAuthorization | null
  /** The error of the server's parser. `null` if the header is valid. */
  readonly problem: unknown
  /** What is wrong with the form of the header, if that is recognized. */
  readonly mistakes: readonly Found[]
}

const LENIENT = /(?:^|[\s,;])(id|ts|nonce|ext|mac)\s{0,8}=\s{0,8}(?:"([^"]*)"|([^\s",;]*))/gi

/**
 * Reads an `Authorization` header as the server does. If that fails, it uses a lenient parser, so that
 * the search can go on if the parameters can still be recognized.
 */
export function readHeader(header: string | null): ReadHeader {
  let problem: unknown = null
  try {
    const sent = parseAuthorization(header)
    if (sent !== null || header === null) return { sent, problem: null, mistakes: [] }
  } catch (error) {
    problem = error
  }
  const draft = otherDraft(header ?? '')
  if (draft !== null) return { sent: null, problem, mistakes: [draft] }
  const [text, mistakes] = repaired(header ?? '')
  if (problem === null && mistakes.length === 0) return { sent: null, problem, mistakes }
  return { sent: parseLeniently(text), problem, mistakes }
}

/** Returns the key identifier of a header, even if the server rejects the header. */
export function identifierOf(header: string | null): string | null {
  return readHeader(header).sent?.id ?? null
}

/** Typographic quotes, as Unicode and as Latin-1, in which bytes of UTF-8 arrive. */
const TYPOGRAPHIC = /[\u2018\u2019\u201c-\u201f\u2033]|\u00e2\u0080[\u0098\u0099\u009c-\u009f]/g
/** A value in single quotes. */
const SINGLE = /=[ \t]*'([^'"]*)'/g
/** Parameters of MAC credentials, without the scheme, or with a mark behind it. */
const NO_SCHEME = /^(?:MAC[:,][ \t]*|MAC|[ \t]*)(?=(?:id|ts|nonce|ext|mac)=)/i

/** Returns the header with the right scheme and quotes, and what was wrong with them. */
function repaired(header: string): [text: string, mistakes: Found[]] {
  const mistakes: Found[] = []
  let text = header.length > MAX_HEADER_LENGTH ? '' : header
  if (NO_SCHEME.test(text) && /[ \t,]mac=/i.test(text)) {
    text = `MAC ${text.replace(NO_SCHEME, '')}`
    mistakes.push({
      kind: 'scheme-missing',
      side: 'client',
      did: 'sent its parameters without the scheme',
      change: 'Let the client start the header with "MAC ", the word and a space.',
    })
  }
  const quoted = text.replace(TYPOGRAPHIC, '"').replace(SINGLE, '="$1"')
  if (quoted !== text && /^MAC/i.test(text)) {
    text = quoted
    mistakes.push({
      kind: 'header-quotes',
      side: 'client',
      did: 'wrote the values in other quotes',
      change: 'Let the client write each value in double quotes, the character U+0022.',
    })
  }
  return [text, mistakes]
}

/** Recognizes the headers of other drafts by their parameters. */
function otherDraft(header: string): Found | null {
  if (!/^MAC[ \t]/i.test(header)) return null
  const has = (name: string) => new RegExp(`[ \\t,]${name}=`, 'i').test(header)
  const draft = has('ts')
    ? null
    : has('bodyhash') || /[ \t,]nonce="?[-+0-9.e]+:/i.test(header)
      ? ['00', 'it has no ts, and its nonce begins with an age; there may be a bodyhash']
      : null
  const later = has('kid') && !has('id') ? ['02 or later', 'it names the key as kid'] : null
  const [number, signs] = draft ?? later ?? []
  if (number === undefined) return null
  return {
    kind: 'other-scheme',
    side: 'client',
    did: `sent the header of draft ${number} of this scheme: ${signs}`,
    change:
      'Let the client send id, ts, nonce and mac as draft-ietf-oauth-v2-http-mac-01 has them (in oauthlib: draft=1).',
  }
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
