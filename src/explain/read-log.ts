import { compose } from './compose.ts'
import type { SeenRequest } from './seen.ts'

const PAIR = /(?:^|[\s,;])([A-Za-z][A-Za-z0-9_.-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))/g
const REQUEST_LINE = /"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/[0-9.]+"/

/** How the header may stand in a log line; the first group is the header. */
const IN_SINGLE_QUOTES = /authorization='([^']*)'/i
const ESCAPED = /authorization="((?:[^"\\]|\\.)*)"/i
const BARE =
  /authorization="?(MAC[ \t]+[a-z]+=(?:"[^"]*"|[^\s",;]+)(?:[ \t]*,[ \t]*[a-z]+=(?:"[^"]*"|[^\s",;]+))*)"?/i

/** A log line of `name=value` pairs. `null` where the text has no such pair that tells anything. */
export function readLogLine(text: string): SeenRequest | null {
  const line = text.split(/\r?\n/).find((each) => /authorization=/i.test(each)) ?? text
  const { rest, authorization } = cutAuthorization(line)
  const found = readPairs(rest)
  const [, method = found.get('method'), target] = REQUEST_LINE.exec(rest) ?? []
  if (authorization === null) {
    if (method === undefined) return null
    throw new TypeError('The log line lacks the header that was sent: authorization="MAC …".')
  }
  const named = ['url', 'target', 'uri', 'path'].map((name) => found.get(name))
  const headers = [...found].map(([name, value]) => [name.replaceAll('_', '-'), value] as const)
  return compose('The log line', {
    method,
    url: named.find((value) => value !== undefined) ?? target,
    headers: { ...Object.fromEntries(headers), authorization },
    receivedAt: readTime(found.get('time') ?? ''),
    code: found.get('code'),
    reference: found.get('reference'),
  })
}

/** Takes the header out of a line: its own pairs would be taken for those of the line. */
function cutAuthorization(line: string): { rest: string; authorization: string | null } {
  const escaped = ESCAPED.exec(line)
  const match =
    IN_SINGLE_QUOTES.exec(line) ??
    (escaped?.[1]?.includes('\\"') ? escaped : null) ??
    BARE.exec(line) ??
    escaped
  if (match === null) return { rest: line, authorization: null }
  const { 0: whole, 1: value = '', index } = match
  const authorization = match === escaped ? value.replace(/\\(.)/g, '$1') : value
  return { rest: `${line.slice(0, index)} ${line.slice(index + whole.length)}`, authorization }
}

function readPairs(line: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of line.matchAll(PAIR)) {
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? bare)
  }
  return found
}

/** Seconds since 1970, or a date as it is usually written; `undefined` for anything else. */
function readTime(time: string): number | undefined {
  const seconds = /^[0-9]{9,10}(?:\.[0-9]+)?$/.test(time) ? Number(time) : Date.parse(time) / 1000
  return Number.isNaN(seconds) ? undefined : seconds
}
