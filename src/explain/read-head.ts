import { compose, readFields } from './compose.ts'
import type { SeenRequest } from './seen.ts'

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/[0-9.]+$/

/** The head of a request: request line and header fields. `null` where the text is no such thing. */
export function readHead(text: string): SeenRequest | null {
  const [first = '', ...rest] = text.split(/\r?\n/)
  const [, method, url] = REQUEST_LINE.exec(first.trimEnd()) ?? []
  if (method === undefined) return null
  const end = rest.indexOf('')
  const headers = readFields(end === -1 ? rest : rest.slice(0, end))
  return compose('The request', { method, url, headers })
}
