import { trimBlanks } from '../protocol/characters.ts'
import type { Received } from './received.ts'
import { type Candidate, type Row, shown, table } from './search.ts'

/** For a longer request-URI, no variants are tried. Servers reject longer ones anyway. */
export const MAX_TARGET_LENGTH = 65_536

/** Returns other request-URIs that a client may have signed. */
export function targetMistakes(path: string, query: string, received: Received): Candidate[] {
  const { headers, url } = received
  const whole = path + query
  const hosts = [headers.host ?? url.authority, url.authority, headers['x-forwarded-host'] ?? '']
  const origins = hosts.flatMap((host) =>
    host === '' ? [] : [`https://${host}`, `http://${host}`],
  )
  const absolute = table(
    'signed the whole URL, from',
    origins.map((before) => ['target-absolute', 2, `${shown(before)} on`, before]),
    (before) => ({ before }),
    `Let the client sign only path and query, ${shown(whole)}.`,
  )
  if (whole.length > MAX_TARGET_LENGTH) return absolute
  const [cut = ''] = whole.split('#', 1)
  const asSent = `Let the client sign the request-URI as it is sent, ${shown(whole)}.`
  return [
    ...table(
      'signed',
      [['target-fragment', 1, `${shown(cut)}, and ${shown(whole)} arrived`, cut]],
      cutTarget,
      'Let the client cut the URL off at "#" before it sends the request, or find out who changed the URL on the way.',
    ),
    ...table('signed the path', paths(path), (made) => ({ path: made }), asSent),
    ...table('signed', queries(query), (made) => ({ query: made }), asSent),
    ...table('signed the request-URI', wholes(whole), cutTarget, asSent),
    ...table(
      'signed',
      rewritten(whole, headers),
      cutTarget,
      'Let the proxy pass on the request-URI as it received it, or set the option requestTarget of withMac.',
      'server',
    ),
    ...table(
      'signed the request-URI',
      [['target-normalized', 1, 'as new URL() has it', url.target]],
      cutTarget,
      asSent,
    ),
    ...absolute,
  ]
}

/** Cuts a target into path and query. */
export function cutTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  if (mark === -1) return { path: target, query: '' }
  return { path: target.slice(0, mark), query: target.slice(mark) }
}

function paths(path: string): Row<string>[] {
  const segments = path.split('/').map((segment) => encode(decode(segment), encodeURIComponent))
  return [
    ['path-decoded', 1, 'percent-decoded', decode(path)],
    ['path-normalized', 2, 'as new URL() has it', normalized(path)],
    ['path-normalized', 2, 'normalized and percent-decoded', decode(normalized(path))],
    ['path-encoded', 2, 'with each segment encoded again', segments.join('/')],
    ['path-encoded', 3, 'encoded whole', encode(path, encodeURIComponent)],
    ['path-slash', 2, 'with another slash at its end', toggleSlash(path)],
    ['path-slash', 2, 'with double slashes made one', path.replace(/\/{2,}/g, '/')],
    ['path-slash', 2, 'without the slash at its start', path.slice(1)],
  ]
}

function queries(query: string): Row<string>[] {
  const fields = query.slice(1)
  const asForm = String(new URLSearchParams(fields))
  const kind = query === '' ? 'query-mark' : 'query-missing'
  return [
    ['query-missing', 1, 'no query', ''],
    [kind, query === '' ? 1 : 3, 'a bare "?" in place of the query', '?'],
    ['query-decoded', 1, 'the query percent-decoded', `?${decode(fields)}`],
    ['query-decoded', 2, 'the query decoded as a form is', `?${decodeForm(fields)}`],
    ['query-encoded', 2, 'the query encoded as a form is', `?${asForm}`],
    ['query-encoded', 2, '"%20" for "+" in the query', `?${fields.replaceAll('+', '%20')}`],
    ['query-encoded', 2, '"+" for "%20" in the query', `?${fields.replaceAll('%20', '+')}`],
    ['query-sorted', 2, 'the query sorted', `?${fields.split('&').sort().join('&')}`],
  ]
}

function wholes(whole: string): Row<string>[] {
  const upper = whole.replace(ESCAPE, (code) => code.toUpperCase())
  const lower = whole.replace(ESCAPE, (code) => code.toLowerCase())
  return [
    ['target-decoded', 1, 'percent-decoded', decode(whole)],
    ['target-decoded', 2, 'decoded as a form is', decodeForm(whole)],
    ['target-normalized', 2, 'as new URL() has it', normalized(whole)],
    ['target-encoded', 2, 'decoded and encoded again', encode(decode(whole), encodeURI)],
    ['target-encoded', 2, 'encoded once more', encode(whole, encodeURI)],
    ['target-encoded', 3, 'with its escapes in upper case', upper],
    ['target-encoded', 2, 'with its escapes in lower case', lower],
  ]
}

/** Request-URIs that a proxy received and changed, by the header fields in which proxies report them. */
function rewritten(whole: string, headers: Received['headers']): Row<string>[] {
  const named = ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri', 'X-Rewrite-URL'].map(
    (name) => [name, trimBlanks(headers[name.toLowerCase()] ?? '')] as const,
  )
  const prefix = withoutLastSlashes(headers['x-forwarded-prefix'] ?? '')
  return [...named, ['X-Forwarded-Prefix', `${prefix}${whole}`] as const]
    .filter(([, target]) => target.startsWith('/'))
    .map(([name, target]) => {
      const how = `${shown(target)}, as ${name} says, and a proxy passed on ${shown(whole)}`
      return ['target-original', 1, how, target]
    })
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g

/** Decodes each valid escape. Other percent signs stay as they are. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

function decodeForm(text: string): string {
  return decode(text.replaceAll('+', ' '))
}

/** Encodes a text. A lone surrogate, which cannot be encoded, is replaced first. */
function encode(text: string, by: (text: string) => string): string {
  return by(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

function normalized(target: string): string {
  try {
    const url = new URL(`http://host${target.startsWith('/') ? target : '/'}`)
    return url.pathname + url.search
  } catch {
    return target
  }
}

function toggleSlash(path: string): string {
  return path.endsWith('/') ? withoutLastSlashes(path) : `${path}/`
}

/** Not by a regular expression: that takes quadratic time for many slashes in the middle. */
function withoutLastSlashes(path: string): string {
  let end = path.length
  while (path.charCodeAt(end - 1) === 0x2f) end--
  return path.slice(0, end)
}
