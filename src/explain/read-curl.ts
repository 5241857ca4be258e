import { compose, type Pieces, readFields } from './compose.ts'
import type { SeenRequest } from './seen.ts'

const REQUEST_LINE = /^> ([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/[0-9.]+$/

/**
 * What `curl -v` prints, as far as it tells of the last request that brought credentials: its lines
 * behind `> `, whether there was TLS, and the server's clock out of the answer's `Date`.
 */
export function readCurl(text: string): SeenRequest | null {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd())
  const starts = lines.flatMap((line, at) => (REQUEST_LINE.test(line) ? [at] : []))
  if (starts.length === 0) return null
  const requests = starts.map((start, at) => readOne(lines, start, starts[at + 1] ?? lines.length))
  const signed = requests.filter(({ headers }) => headers.authorization !== undefined)
  const last = signed.at(-1) ?? requests.at(-1)
  return last === undefined ? null : compose('What curl printed', last)
}

function readOne(lines: readonly string[], start: number, end: number): Pieces {
  const [, method, url] = REQUEST_LINE.exec(lines[start] ?? '') ?? []
  const before = lines.slice(0, start)
  const own = lines.slice(start + 1, end)
  const sent = own.flatMap((line) => (line.startsWith('> ') ? [line.slice(2)] : []))
  const answered = own.flatMap((line) => (line.startsWith('< ') ? [line.slice(2)] : []))
  const { date } = readFields(answered)
  return {
    method,
    url,
    scheme: before.some((line) => /^\* +(?:SSL connection|ALPN|TLSv1|.*TLS handshake)/.test(line))
      ? 'https'
      : 'http',
    headers: readFields(sent),
    receivedAt: date === undefined ? undefined : Date.parse(date) / 1000,
  }
}
