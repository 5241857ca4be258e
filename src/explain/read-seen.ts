import { SIGNED_HEADERS } from '../protocol/text.ts'
import type { ExplainSettings, SeenRequest } from './explanation.ts'

/** The longest text that is read, in characters. */
const LONGEST = 1_048_576

/**
 * Reads a request as somebody saw it, in one of these forms:
 *
 * - JSON: a report of `onReject`, or an object with `method`, `url` and `headers` (an object, or a
 *   list of pairs), or a line of a JSON log that holds one as `report`, `req` or `request`;
 * - what `curl -v` prints: of several requests the last that brought an `Authorization` header;
 * - the head of an HTTP/1 request, from its request line on;
 * - a log line of `name=value` pairs: `method`, `url` (or `target` and `host`), `authorization`, and
 *   if they are there `host`, `time`, `code` and header fields by their names; or a request line in
 *   quotes in place of the first two.
 *
 * If only a target and a `Host` are there, the scheme is taken to be `http`, unless curl tells of TLS.
 *
 * @throws TypeError that says what is missing, or which forms are read.
 */
export function readSeenRequest(text: string): SeenRequest {
  if (text.length > LONGEST) {
    throw new TypeError('The text is longer than a request: 1 MiB is read.')
  }
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  const lines = trimmed.split(/\r?\n/)
  const seen = readJson(trimmed) ?? readCurl(lines) ?? readHead(lines) ?? readLogLine(lines)
  if (seen !== null) return seen
  throw new TypeError(
    'This is not a request in a form that is read: JSON with method, url and headers; what curl -v ' +
      'prints; the head of an HTTP/1 request; or a log line such as method=GET ' +
      'url=https://api.example.com/ authorization="MAC …".',
  )
}

/** Parts of a request that a text gave; what it did not give is `undefined`. */
type Pieces = { readonly [Part in keyof SeenRequest]?: SeenRequest[Part] | undefined } & {
  readonly scheme?: 'http' | 'https'
  readonly headers: Fields
}

type Fields = Readonly<Record<string, string>>

/**
 * Puts a request together.
 *
 * @param what How the text is called in an error.
 * @throws TypeError that says what is missing.
 */
function compose(what: string, { scheme = 'http', ...pieces }: Pieces): SeenRequest {
  const { method, url, target, headers, receivedAt, code, reference, settings } = pieces
  if (!method) throw new TypeError(`${what} lacks the method.`)
  if (!url) throw new TypeError(`${what} lacks the URL.`)
  const absolute = /^https?:\/\//i.test(url)
  if (!absolute && !url.startsWith('/')) {
    throw new TypeError(`${what} has neither an absolute http URL nor a path: ${url.slice(0, 80)}`)
  }
  if (!absolute && headers.host === undefined) {
    throw new TypeError(`${what} lacks the host: a Host header, or an absolute URL.`)
  }
  return {
    method,
    url: absolute ? url : `${scheme}://${headers.host}${url}`,
    target: target ?? (absolute ? undefined : url),
    headers,
    receivedAt: Number.isFinite(receivedAt) ? receivedAt : undefined,
    code,
    reference,
    settings,
  }
}

/** The header fields that matter, of all; those that are repeated are joined, as a server does. */
function fieldsOf(pairs: Iterable<readonly [name: string, value: unknown]>): Fields {
  const fields = new Map<string, string>()
  for (const [written, value] of pairs) {
    const name = written.toLowerCase()
    if (typeof value !== 'string' || !SIGNED_HEADERS.includes(name)) continue
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(fields)
}

/** A report, or a line of a JSON log that holds one. What is of another kind counts as absent. */
function readJson(json: string): SeenRequest | null {
  if (!json.startsWith('{')) return null
  const object = parseJson(json)
  const given = ['report', 'req', 'request'].map((name) => object[name]).find(isObject) ?? object
  const text = (name: string) => {
    const value = given[name]
    return typeof value === 'string' ? value : undefined
  }
  const { receivedAt, settings } = given
  return compose('The JSON', {
    method: text('method'),
    url: text('url'),
    target: text('target'),
    headers: { ...fieldsOf(Object.entries(given)), ...fieldsOf(pairsOf(given.headers)) },
    receivedAt: typeof receivedAt === 'number' ? receivedAt : undefined,
    code: text('code'),
    reference: text('reference'),
    settings: isObject(settings) ? settingsOf(settings) : undefined,
  })
}

function parseJson(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>
  } catch (cause) {
    const why = (cause as Error).message
    throw new TypeError(`The text starts as JSON and is not valid JSON: ${why}`, { cause })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function pairsOf(headers: unknown): [string, unknown][] {
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(Object(headers))
  return pairs.flatMap((pair): [string, unknown][] => {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string') return []
    const [name, value] = pair
    return (Array.isArray(value) ? value : [value]).map((each) => [name, each])
  })
}

function settingsOf({ origin, trustProxy, windowSeconds }: Record<string, unknown>) {
  const isText = (value: unknown) => typeof value === 'string'
  const isOrigin = isText(origin) || (Array.isArray(origin) && origin.every(isText))
  const isTrust = [true, false, 'forwarded', 'x-forwarded'].some((each) => each === trustProxy)
  return {
    ...(isOrigin && { origin }),
    ...(isTrust && { trustProxy }),
    ...(typeof windowSeconds === 'number' && { windowSeconds }),
  } as ExplainSettings
}

const REQUEST = "([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\\S+) HTTP/[0-9.]+"
const REQUEST_LINE = new RegExp(`^${REQUEST}$`)
const QUOTED_LINE = new RegExp(`"${REQUEST}"`)

/** The head of a request, from its request line on. */
function headOf([first = '', ...rest]: readonly string[]): Pieces | null {
  const [, method, url] = REQUEST_LINE.exec(first.trimEnd()) ?? []
  if (method === undefined) return null
  const end = rest.indexOf('')
  const fields = (end === -1 ? rest : rest.slice(0, end)).map((line) => {
    const [, name = '', value = ''] = /^([^\s:]+):[ \t]*(.*)$/.exec(line) ?? []
    return [name, value.trimEnd()] as const
  })
  return { method, url, headers: fieldsOf(fields) }
}

function readHead(lines: readonly string[]): SeenRequest | null {
  const head = headOf(lines)
  return head === null ? null : compose('The request', head)
}

/** What the progress meter of curl leaves before a line, if both go to one file. */
const METER = /^.{0,200}--:--:--\s+[0-9.]+[kMG]?(?=[*<>] )/
const CONNECTED = /^\* Connected to /
const TLS = /^\* +(?:SSL connection|ALPN|TLSv1|SSL certificate|Server certificate)/

/**
 * What `curl -v` prints, as far as it tells of the last request that brought credentials: its lines
 * behind `> `, whether there was TLS, and of the answer the server's clock and what it said.
 */
function readCurl(printed: readonly string[]): SeenRequest | null {
  const lines = printed.map((line) => line.replace(METER, '').trimEnd())
  const isStart = (line: string) => line.startsWith('> ') && REQUEST_LINE.test(line.slice(2))
  const starts = lines.flatMap((line, at) => (isStart(line) ? [at] : []))
  let scheme: 'http' | 'https' = 'http'
  const requests = starts.map((start, at): Pieces => {
    const before = lines.slice(starts[at - 1] ?? 0, start)
    // A connection that is used again says nothing of TLS.
    if (before.some((line) => CONNECTED.test(line))) scheme = 'http'
    if (before.some((line) => TLS.test(line))) scheme = 'https'
    const own = lines.slice(start, starts[at + 1])
    const sent = own.flatMap((line) => (line.startsWith('> ') ? [line.slice(2)] : []))
    const date = own
      .map((line) => /^< date:(.*)/i.exec(line)?.[1])
      .find((each) => each !== undefined)
    const answer = own.find((line) => line.includes('"urn:problem-type:withmac:')) ?? ''
    return {
      headers: {},
      ...headOf(sent),
      scheme,
      receivedAt: Date.parse(date ?? '') / 1000,
      code: /"code":"(ERR_MAC_[A-Z_]+)"/.exec(answer)?.[1],
      reference: /"reference":"([0-9a-z]+)"/.exec(answer)?.[1],
    }
  })
  const signed = requests.filter(({ headers }) => headers.authorization !== undefined)
  const last = signed.at(-1) ?? requests.at(-1)
  return last === undefined ? null : compose('What curl printed', last)
}

const PAIR = /(?:^|[\s,;])([A-Za-z][A-Za-z0-9_.-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))/g
/** How the header may stand in a log line; the first group is the header. */
const IN_SINGLE_QUOTES = /authorization='([^']*)'/i
const ESCAPED = /authorization="((?:[^"\\]|\\.)*)"/i
const BARE =
  /authorization="?(MAC[ \t]+[a-z]+=(?:"[^"]*"|[^\s",;]+)(?:[ \t]*,[ \t]*[a-z]+=(?:"[^"]*"|[^\s",;]+))*)"?/i

/** A log line of `name=value` pairs. `null` if the text has no such pair that tells anything. */
function readLogLine(lines: readonly string[]): SeenRequest | null {
  const line = lines.find((each) => /authorization=/i.test(each)) ?? lines.join('\n')
  const { rest, authorization } = cutAuthorization(line)
  const found = new Map<string, string>()
  for (const [, written = '', quoted, bare = ''] of rest.matchAll(PAIR)) {
    const name = written.toLowerCase()
    if (!found.has(name)) found.set(name, quoted?.replace(/\\(.)/g, '$1') ?? bare)
  }
  const [, method = found.get('method'), target] = QUOTED_LINE.exec(rest) ?? []
  if (authorization === undefined) {
    if (method === undefined) return null
    throw new TypeError('The log line lacks the header that was sent: authorization="MAC …".')
  }
  const named = ['url', 'target', 'uri', 'path'].map((name) => found.get(name))
  const headers = [...found].map(([name, value]) => [name.replaceAll('_', '-'), value] as const)
  const time = found.get('time') ?? ''
  return compose('The log line', {
    method,
    url: named.find((value) => value !== undefined) ?? target,
    headers: { ...fieldsOf(headers), authorization },
    receivedAt: /^[0-9]{9,10}(?:\.[0-9]+)?$/.test(time) ? Number(time) : Date.parse(time) / 1000,
    code: found.get('code'),
    reference: found.get('reference'),
  })
}

/** Takes the header out of a line: its own pairs would be taken for those of the line. */
function cutAuthorization(line: string): { rest: string; authorization?: string } {
  const escaped = ESCAPED.exec(line)
  const match =
    IN_SINGLE_QUOTES.exec(line) ??
    (escaped?.[1]?.includes('\\"') ? escaped : null) ??
    BARE.exec(line) ??
    escaped
  if (match === null) return { rest: line }
  const { 0: whole, 1: value = '', index } = match
  const authorization = match === escaped ? value.replace(/\\(.)/g, '$1') : value
  return { rest: `${line.slice(0, index)} ${line.slice(index + whole.length)}`, authorization }
}
