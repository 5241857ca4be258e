import { REPORTED_HEADERS } from '../protocol/request-head.ts'
import type { ExplainSettings, SeenRequest } from './explanation.ts'

/** The longest text that is read, in characters. */
const MAX_LENGTH = 1_048_576

/**
 * Reads a request from a text, in one of these forms:
 *
 * - JSON: a report of `onReject`; or an object with `method`, `url` and `headers` (an object, or a
 *   list of pairs); or a line of a JSON log that contains one of these as `report`, `req` or `request`;
 * - the output of `curl -v`: the last request that has an `Authorization` header;
 * - the head of an HTTP/1 request, from its request line on;
 * - a log line of `name=value` pairs: `method`, `url` (or `target` and `host`), `authorization`, and
 *   optionally `host`, `time`, `code` and header fields by their names. Method and URL may also be a
 *   request line in quotes.
 *
 * If there is only a target and a `Host`, the scheme is `http`, unless the output of curl shows TLS.
 *
 * @throws TypeError if the text has none of these forms, or if something is missing.
 */
export function readSeenRequest(text: string): SeenRequest {
  if (text.length > MAX_LENGTH) {
    throw new TypeError('The text is too long for a request: it may have at most 1 MiB.')
  }
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  const lines = trimmed.split(/\r?\n/)
  const seen = readJson(trimmed) ?? readCurl(lines) ?? readHead(lines) ?? readLogLine(lines)
  if (seen !== null) return seen
  throw new TypeError(
    'This is not a request in a form that is read: JSON with method, url and headers; the output of curl -v; ' +
      'the head of an HTTP/1 request; or a log line such as method=GET ' +
      'url=https://api.example.com/ authorization="MAC …".',
  )
}

/** The parts of a request that the text contains. The others are `undefined`. */
type Pieces = { readonly [Part in keyof SeenRequest]?: SeenRequest[Part] | undefined } & {
  readonly scheme?: 'http' | 'https'
  readonly headers: Fields
}

type Fields = Readonly<Record<string, string>>

/**
 * Makes a request of its parts.
 *
 * @param what The name of the text for error messages.
 * @throws TypeError if a part is missing.
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

/** Picks the header fields that matter. Repeated fields are joined, as servers do. */
function fieldsOf(pairs: Iterable<readonly [name: string, value: unknown]>): Fields {
  const fields = new Map<string, string>()
  for (const [written, value] of pairs) {
    const name = written.toLowerCase()
    if (typeof value !== 'string' || !REPORTED_HEADERS.includes(name)) continue
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(fields)
}

/** Reads a report, or a line of a JSON log that contains one. Values of a wrong type are left out. */
function readJson(json: string): SeenRequest | null {
  if (!json.startsWith('{')) return null
  const object = parseJson(json)
  const report = ['report', 'req', 'request'].map((name) => object[name]).find(isObject) ?? object
  const text = (name: string) => {
    const value = report[name]
    return typeof value === 'string' ? value : undefined
  }
  const { receivedAt, settings } = report
  return compose('The JSON', {
    method: text('method'),
    url: text('url'),
    target: text('target'),
    headers: { ...fieldsOf(Object.entries(report)), ...fieldsOf(pairsOf(report.headers)) },
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
    throw new TypeError(`The text starts like JSON, but is not valid JSON: ${why}`, { cause })
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

/** Reads the head of a request. `null` if the first line is not a request line. */
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

/** The output of curl's progress meter before a line, if both go to one file. */
const METER = /^.{0,200}--:--:--\s+[0-9.]+[kMG]?(?=[*<>] )/
const CONNECTED = /^\* Connected to /
const TLS = /^\* +(?:SSL connection|ALPN|TLSv1|SSL certificate|Server certificate)/

/**
 * Reads the output of `curl -v`: the last request with credentials (the lines after `> `), whether TLS
 * was used, and from the answer the server's time and the error code.
 */
function readCurl(printed: readonly string[]): SeenRequest | null {
  const lines = printed.map((line) => line.replace(METER, '').trimEnd())
  const isStart = (line: string) => line.startsWith('> ') && REQUEST_LINE.test(line.slice(2))
  const starts = lines.flatMap((line, at) => (isStart(line) ? [at] : []))
  let scheme: 'http' | 'https' = 'http'
  const requests = starts.map((start, at): Pieces => {
    const before = lines.slice(starts[at - 1] ?? 0, start)
    // curl prints nothing about TLS for a reused connection: the scheme stays as it was.
    if (before.some((line) => CONNECTED.test(line))) scheme = 'http'
    if (before.some((line) => TLS.test(line))) scheme = 'https'
    const own = lines.slice(start, starts[at + 1])
    const sent = own.flatMap((line) => (line.startsWith('> ') ? [line.slice(2)] : []))
    const date = own
      .map((line) => /^< date:(.*)/i.exec(line)?.[1])
      .find((each) => each !== undefined)
    const answer = own.find((line) => line.includes('"code":"ERR_MAC_')) ?? ''
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
  return last === undefined ? null : compose('The output of curl', last)
}

const PAIR = /(?:^|[\s,;])([A-Za-z][A-Za-z0-9_.-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))/g
/** Three ways to write the header in a log line. The first group is the header. */
const IN_SINGLE_QUOTES = /authorization='([^']*)'/i
const ESCAPED = /authorization="((?:[^"\\]|\\.)*)"/i
const BARE =
  /authorization="?(MAC[ \t]+[a-z]+=(?:"[^"]*"|[^\s",;]+)(?:[ \t]*,[ \t]*[a-z]+=(?:"[^"]*"|[^\s",;]+))*)"?/i

/** Reads a log line of `name=value` pairs. `null` if it has neither a method nor the header. */
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
    throw new TypeError('The log line lacks the header authorization="MAC …".')
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

/** Takes the header out of a line. Otherwise its parameters would look like pairs of the line. */
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
