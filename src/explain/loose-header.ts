import { MAX_HEADER_LENGTH, parseAuthorization } from '../protocol/authorization.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'

/** What was made of an `Authorization` header. */
export interface ReadHeader {
  readonly sent: MacAuthorization | null
  /** Why the server refuses it. */
  readonly problem: unknown
}

const PARAMETER = /(?:^|[\s,;])(id|ts|nonce|ext|mac)\s{0,8}=\s{0,8}(?:"([^"]*)"|([^\s",;]*))/gi

/**
 * Reads an `Authorization` header as the server does, and where that fails, for what it means: where
 * the parameters can still be told apart, the search can go on.
 */
export function readHeader(header: string | null): ReadHeader {
  try {
    return { sent: parseAuthorization(header), problem: null }
  } catch (problem) {
    return { sent: header === null ? null : readLoosely(header), problem }
  }
}

/** The key identifier that a header names, also where the server refuses the header. */
export function identifierOf(header: string | null): string | null {
  return readHeader(header).sent?.id ?? null
}

function readLoosely(header: string): MacAuthorization | null {
  if (header.length > MAX_HEADER_LENGTH) return null
  const found = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of header.slice(3).matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (found.has(key)) return null
    found.set(key, quoted ?? bare)
  }
  const [id, ts, nonce, mac] = ['id', 'ts', 'nonce', 'mac'].map((name) => found.get(name))
  if (id === undefined || ts === undefined || nonce === undefined || mac === undefined) return null
  return { id, ts, nonce, ext: found.get('ext') || null, mac }
}
