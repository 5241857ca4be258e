import { prefixMistakes } from './prefix-mistakes.ts'
import { queries } from './query-mistakes.ts'
import type { Received } from './received.ts'
import { type Candidate, LAST_RANK, type Row, type Signed, shown, table } from './search.ts'
import {
  cutTarget,
  decode,
  decodeForm,
  decodePlain,
  encode,
  escapeCases,
  lessEscaped,
  moreEscaped,
  normalized,
  oneEscaped,
  rawPath,
  rawQuery,
  toggleSlash,
} from './target-pieces.ts'

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
    `Let the client sign only path and query, as it arrives here, ${shown(whole)}.`,
  )
  if (whole.length > MAX_TARGET_LENGTH) return absolute
  const [cut = ''] = whole.split('#', 1)
  const asArrived = adviceFor(whole)
  return [
    ...table(
      'signed',
      [['target-fragment', 1, `${shown(cut)}, and ${shown(whole)} arrived`, cut]],
      cutTarget,
      'Let the client cut the URL off at "#" before it sends the request, or find out who changed the URL on the way.',
      'either',
    ),
    ...table('signed the path', paths(path), (made) => ({ path: made }), asArrived, 'either'),
    ...table('signed', queries(query), (made) => ({ query: made }), asArrived, 'either'),
    ...table('signed the request-URI', wholes(path, query), cutTarget, asArrived, 'either'),
    ...prefixMistakes(whole, received),
    ...table(
      'signed the request-URI',
      [['target-normalized', 1, 'as new URL() has it', url.target]],
      cutTarget,
      asArrived,
      'either',
    ),
    ...absolute,
  ]
}

/** Returns the path with one more escape in each place: a proxy may have decoded it. */
export function anyEscape({ path, query }: Pick<Signed, 'path' | 'query'>): Candidate[] {
  if (path.length + query.length > MAX_TARGET_LENGTH) return []
  const rows = oneEscaped(path).map((each): Row<string> => {
    return ['path-encoded', LAST_RANK, 'with one more escape', each]
  })
  return table(
    'signed the path',
    rows,
    (made) => ({ path: made }),
    adviceFor(path + query),
    'either',
  )
}

/** A proxy or the runtime may have changed the target: only the client and the operator can know. */
function adviceFor(whole: string): string {
  return (
    `Let the client sign the request-URI as it is sent. As it arrives here, it is ${shown(whole)}: if the client sent ` +
    'another one, a proxy or the runtime of the server (such as Bun) may have changed it. Then let the proxy pass it on ' +
    'unchanged, or let the client send it in this form.'
  )
}

function paths(path: string): Row<string>[] {
  const segments = path.split('/').map((segment) => encode(decode(segment), encodeURIComponent))
  const [upper, lower] = escapeCases(path)
  return [
    ['path-decoded', 1, 'with raw characters, which arrived percent-encoded', rawPath(path)],
    ['path-empty', 1, 'as an empty text', path === '/' ? '' : path],
    ['path-decoded', 1, 'percent-decoded', decode(path)],
    ['path-decoded', 2, 'decoded by decodeURI()', decodePlain(path)],
    ['path-normalized', 2, 'as new URL() has it', normalized(path)],
    ['path-normalized', 2, 'normalized and percent-decoded', decode(normalized(path))],
    ['path-encoded', 2, 'with each segment encoded again', segments.join('/')],
    ['path-encoded', 3, 'with "+" for "%20", as a form is encoded', path.replaceAll('%20', '+')],
    ['path-encoded', 3, 'encoded whole', encode(path, encodeURIComponent)],
    ['path-encoded', 3, 'encoded once more', encode(path, encodeURI)],
    ['path-encoded', 3, 'with its escapes in upper case', upper],
    ['path-encoded', 3, 'with its escapes in lower case', lower],
    ...moreEscaped(path).map((each): Row<string> => ['path-encoded', 4, 'with more escapes', each]),
    ...lessEscaped(path).map(
      (each): Row<string> => ['path-decoded', 4, 'with fewer escapes', each],
    ),
    ['path-normalized', 3, 'with a "." segment', path.replace('/', '/./')],
    ...slashes(path),
    ...parameters(path),
  ]
}

/** The path with other slashes. */
function slashes(path: string): Row<string>[] {
  const positions: number[] = []
  for (let at = path.indexOf('/'); at !== -1 && positions.length < 16; ) {
    positions.push(at)
    at = path.indexOf('/', at + 1)
  }
  const doubled = positions.map((at) => repeated(path, [[at, 2]]))
  const tripled = positions.map((at) => repeated(path, [[at, 3]]))
  const both =
    positions.length > 8
      ? []
      : positions.flatMap((one, index) =>
          positions.slice(index + 1).flatMap((other) =>
            [2, 3].flatMap((times) =>
              [2, 3].map((more) =>
                repeated(path, [
                  [one, times],
                  [other, more],
                ]),
              ),
            ),
          ),
        )
  return [
    ['path-slash', 2, 'with another slash at its end', toggleSlash(path)],
    ['path-slash', 2, 'with double slashes made one', path.replace(/\/{2,}/g, '/')],
    [
      'path-slash',
      3,
      'with double slashes made one, and another slash at its end',
      toggleSlash(path.replace(/\/{2,}/g, '/')),
    ],
    ['path-slash', 2, 'without the slash at its start', path.slice(1)],
    ...doubled.map((each): Row<string> => ['path-slash', 3, 'with a double slash', each]),
    ...tripled.map((each): Row<string> => ['path-slash', 4, 'with a triple slash', each]),
    ...both.map((each): Row<string> => ['path-slash', 5, 'with double slashes', each]),
  ]
}

/** Repeats the slashes at some positions, which are in ascending order. */
function repeated(path: string, at: readonly (readonly [position: number, times: number])[]) {
  let made = path
  for (const [position, times] of [...at].reverse()) {
    made = made.slice(0, position) + '/'.repeat(times) + made.slice(position + 1)
  }
  return made
}

/** The path without its matrix parameters: some libraries leave out all of them, or those at the end. */
function parameters(path: string): Row<string>[] {
  if (!path.includes(';')) return []
  const last = path.slice(path.lastIndexOf('/'))
  const ended = path.slice(0, path.length - last.length)
  return [
    ['path-parameters', 1, 'without its parameters', path.replace(/;[^/]*/g, '')],
    ['path-parameters', 1, 'without the parameters at its end', ended + last.replace(/;.*/, '')],
    [
      'path-parameters',
      2,
      'without the last parameter at its end',
      ended + last.replace(/;[^;]*$/, ''),
    ],
  ]
}

function wholes(path: string, query: string): Row<string>[] {
  const whole = path + query
  const [upper, lower] = escapeCases(whole)
  return [
    [
      'target-decoded',
      1,
      'with raw characters, which arrived percent-encoded',
      rawPath(path) + rawQuery(query),
    ],
    ['target-decoded', 1, 'percent-decoded', decode(whole)],
    ['target-decoded', 2, 'decoded by decodeURI()', decodePlain(whole)],
    ['target-decoded', 2, 'decoded as a form is', decodeForm(whole)],
    ['target-normalized', 2, 'as new URL() has it', normalized(whole)],
    ['target-encoded', 2, 'decoded and encoded again', encode(decode(whole), encodeURI)],
    ['target-encoded', 2, 'encoded once more', encode(whole, encodeURI)],
    ['target-encoded', 3, 'encoded as a component', encode(whole, encodeURIComponent)],
    [
      'target-encoded',
      3,
      'encoded, except its slashes',
      encode(whole, encodeURIComponent).replaceAll('%2F', '/'),
    ],
    ['target-encoded', 3, 'with its escapes in upper case', upper],
    ['target-encoded', 2, 'with its escapes in lower case', lower],
  ]
}
