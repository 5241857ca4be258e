import { TELLING_HEADERS } from '../protocol/text.ts'
import type { SeenRequest } from './seen.ts'

/** Parts of a request that a text gave; what it did not give is `undefined`. */
export interface Pieces {
  readonly method: string | undefined
  /** An absolute URL, or a target. */
  readonly url: string | undefined
  readonly scheme?: 'http' | 'https' | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly receivedAt?: number | undefined
  readonly code?: string | undefined
  readonly reference?: string | undefined
}

/**
 * Puts a request together.
 *
 * @param what How the text is called in an error.
 * @throws TypeError that says what is missing.
 */
export function compose(what: string, pieces: Pieces): SeenRequest {
  const { method, url, scheme = 'http', headers, receivedAt, code, reference } = pieces
  const { host } = headers
  if (method === undefined || method === '') throw new TypeError(`${what} lacks the method.`)
  if (url === undefined || url === '') throw new TypeError(`${what} lacks the URL.`)
  const absolute = /^https?:\/\//i.test(url)
  if (!absolute && !url.startsWith('/')) {
    throw new TypeError(`${what} has neither an absolute http URL nor a path: ${url.slice(0, 80)}`)
  }
  if (!absolute && host === undefined) {
    throw new TypeError(`${what} lacks the host: a Host header, or an absolute URL.`)
  }
  return {
    method,
    url: absolute ? url : `${scheme}://${host}${url}`,
    ...(absolute ? {} : { target: url }),
    headers: telling(headers),
    ...(receivedAt === undefined || !Number.isFinite(receivedAt) ? {} : { receivedAt }),
    ...(code === undefined ? {} : { code }),
    ...(reference === undefined ? {} : { reference }),
  }
}

/** The header fields that can have to do with a refusal. */
export function telling(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => TELLING_HEADERS.includes(name)),
  )
}

/** Header lines to fields; those that are repeated are joined, as a server does. */
export function readFields(lines: readonly string[]): Record<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, written = '', value = ''] = /^([^\s:]+):[ \t]*(.*)$/.exec(line) ?? []
    if (written === '') continue
    const name = written.toLowerCase()
    const before = fields.get(name)
    const trimmed = value.trimEnd()
    fields.set(name, before === undefined ? trimmed : `${before}, ${trimmed}`)
  }
  return Object.fromEntries(fields)
}
