import { compose, type Pieces, readFields } from './compose.ts'
import type { SeenRequest } from './seen.ts'

const REQUEST_LINE = /^> ([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/[0-9.]+$/
/** What the progress meter leaves before a line, where both go to one file. */
const METER = /^.{0,200}--:--:--\s+[0-9.]+[kMG]?(?=[*<>] )/
const CONNECTED = /^\* Connected to /
const TLS = /^\* +(?:SSL connection|ALPN|TLSv1|SSL certificate|Server certificate)/

/**
 * What `curl -v` prints, as far as it tells of the last request that brought credentials: its lines
 * behind `> `, whether there was TLS, and of the answer the server's clock and what it said.
 */
export function readCurl(text: string): SeenRequest | null {
  const lines = text.split(/\r?\n/).map((line) => line.replace(METER, '').trimEnd())
  const starts = lines.flatMap((line, at) => (REQUEST_LINE.test(line) ? [at] : []))
  let scheme: 'http' | 'https' = 'http'
  const requests = starts.map((start, at) => {
    const before = lines.slice(starts[at - 1] ?? 0, start)
    // A connection that is used again says nothing of TLS.
    if (before.some((line) => CONNECTED.test(line))) scheme = 'http'
    if (before.some((line) => TLS.test(line))) scheme = 'https'
    return { ...readOne(lines.slice(start, starts[at + 1] ?? lines.length)), scheme }
  })
  const signed = requests.filter(({ headers }) => headers.authorization !== undefined)
  const last = signed.at(-1) ?? requests.at(-1)
  return last === undefined ? null : compose('What curl printed', last)
}

/** @param lines From the request line on. */
function readOne(lines: readonly string[]): Omit<Pieces, 'scheme'> {
  const [, method, url] = REQUEST_LINE.exec(lines[0] ?? '') ?? []
  const behind = (mark: string) =>
    lines.slice(1).flatMap((line) => (line.startsWith(mark) ? [line.slice(mark.length)] : []))
  const { date } = readFields(behind('< '))
  const answer = lines.find((line) => line.includes('"urn:problem-type:withmac:')) ?? ''
  return {
    method,
    url,
    headers: readFields(behind('> ')),
    receivedAt: date === undefined ? undefined : Date.parse(date) / 1000,
    code: /"code":"(ERR_MAC_[A-Z_]+)"/.exec(answer)?.[1],
    reference: /"reference":"([0-9a-z]+)"/.exec(answer)?.[1],
  }
}
