import { trimBlanks } from '../protocol/characters.ts'
import type { Received } from './received.ts'
import { type Candidate, type Row, shown, table } from './search.ts'
import { cutTarget, withoutLastSlashes } from './target-pieces.ts'

/** Fields in which proxies write the request-URI that they received. Anyone can send them: they are only hints. */
const ORIGINALS = [
  'X-Original-URI',
  'X-Original-URL',
  'X-Forwarded-Uri',
  'X-Rewrite-URL',
  'X-Envoy-Original-Path',
  'X-Forwarded-Path',
  'X-Replaced-Path',
  'X-Waws-Unencoded-URL',
]
/** Fields in which proxies write the prefix that they cut off. */
const PREFIXES = ['X-Forwarded-Prefix', 'X-Script-Name', 'X-Forwarded-Path']

/** Prefixes that proxies often cut off, or put in front. */
const USUAL_PREFIXES = (
  'api v1 v2 v3 v4 api/v1 api/v2 api/v3 v1/api rest rest/v1 rest/api app apps web www site public private internal ' +
  'external backend server service services svc gateway proxy upstream node auth oauth oauth2 mac withmac signed ' +
  'secure admin account user users orders shop store files upload uploads data graphql rpc ws hooks webhook webhooks ' +
  'partner partners mobile dev test stage staging prod production beta demo en de _api default'
).split(' ')

/** Returns request-URIs that a proxy may have received, by the fields in which it reports them, or by their usual prefixes. */
export function prefixMistakes(whole: string, received: Received): Candidate[] {
  const { path } = cutTarget(whole)
  const named = namedTargets(whole, received.headers)
  return [
    ...named.flatMap(([name, target]) => namedTarget(name, target, whole)),
    ...table(
      'signed',
      cutPrefixes(path, received),
      (made) => ({ path: made }),
      (signed) => pathAdvice(signed.path, path),
      'server',
    ),
    ...table(
      'signed',
      otherByOption(path, received),
      (made) => ({ path: made }),
      (signed) =>
        `If the client sends the path ${shown(path)}, let it sign that. Otherwise let the option path or requestTarget of ` +
        `withMac return the path that it signs, ${shown(signed.path)}.`,
      'either',
    ),
    ...absoluteForm(whole),
    ...table(
      'signed',
      addedPrefixes(path),
      (made) => ({ path: made }),
      (signed) => pathAdvice(signed.path, path),
      'either',
    ),
  ]
}

/** Says how a server gets the path that the client signed, if a proxy or a framework changed a prefix of it. */
export function pathAdvice(signed: string, arrived: string): string {
  const cut = arrived === '/' || signed.endsWith(arrived) ? prefixBefore(signed, arrived) : null
  if (cut !== null) {
    // Under a prefix without a slash at its end, the root has no slash.
    const rest = cut === signed ? ".replace(/^\\/$/, '')" : ''
    return (
      `Give withMac the path that the client signed, with the option path: for example (request) => ` +
      `${JSON.stringify(cut)} + new URL(request.url).pathname${rest}. Or let the proxy pass on the whole path.`
    )
  }
  const added = prefixBefore(arrived, signed) ?? ''
  return (
    `Let the client sign the whole path that it sends, with ${shown(added)} in front: its base URL may have that. If the ` +
    'client does not send that prefix, a proxy puts it in front: let it pass on the path as it received it, or set the ' +
    'option requestTarget of withMac, which returns the target without that prefix.'
  )
}

function prefixBefore(long: string, short: string): string | null {
  if (long.endsWith(short)) return long.slice(0, long.length - short.length)
  return short === '/' ? long : null
}

/** The paths that a proxy may have cut a usual prefix off, or one that is a label of the host. */
function cutPrefixes(path: string, { headers, url }: Received): Row<string>[] {
  const labels = (headers.host ?? url.authority).toLowerCase().replace(/:.*/, '').split('.')
  const words = [...new Set([...USUAL_PREFIXES, ...labels.filter((label) => label !== '')])]
  const row = (made: string): Row<string> => {
    return ['path-prefix', 4, `the path ${shown(made)}, and ${shown(path)} arrived: ${CUT}`, made]
  }
  return words.flatMap((word) => {
    const made = `/${word}${path}`
    return path === '/' ? [row(made), row(`/${word}`)] : [row(made)]
  })
}

const CUT = 'a proxy or a framework cut a prefix off'

/** Returns a path without its first segments: one of them, two, three and four. */
export function shorterPaths(path: string): string[] {
  const paths: string[] = []
  let at = path.indexOf('/', 1)
  while (at !== -1 && paths.length < 4) {
    paths.push(path.slice(at))
    at = path.indexOf('/', at + 1)
  }
  return paths
}

/** The path of the URL, if the server's option `path` or `requestTarget` returned the same one with another prefix. */
function otherByOption(path: string, { url }: Received): Row<string>[] {
  const { path: own } = cutTarget(url.target)
  if (own === path || (prefixBefore(path, own) ?? prefixBefore(own, path)) === null) return []
  const how =
    `the path ${shown(own)}, which the URL has here, and the option path or requestTarget of the server returned ` +
    shown(path)
  return path.startsWith('/') ? [['path-prefix', 1, how, own]] : []
}

/** The target without its origin, if it arrived in absolute-form (RFC 9112 §3.2.2). */
function absoluteForm(whole: string): Candidate[] {
  const target = /^https?:\/\/[^/?#]*(.*)$/i.exec(whole)?.[1]
  if (target === undefined) return []
  const made = target.startsWith('/') ? target : `/${target}`
  return table(
    'signed',
    [['target-absolute', 1, `${shown(made)}, and the whole URL arrived`, made]],
    cutTarget,
    'Let the client or the proxy send only path and query in the request line. Or set the option requestTarget of ' +
      'withMac, which returns the target without the origin.',
    'either',
  )
}

/** The paths before which something was put, by the client's base URL or by a proxy. */
function addedPrefixes(path: string): Row<string>[] {
  if (!path.startsWith('/')) return []
  return shorterPaths(path).map((made) => {
    const how = `the path ${shown(made)}, and ${shown(path)} arrived`
    return ['path-prefix', 2, how, made]
  })
}

/** The request-URIs that header fields name, with the name of the field. */
function namedTargets(
  whole: string,
  headers: Received['headers'],
): [name: string, target: string][] {
  const field = (name: string) => trimBlanks(headers[name.toLowerCase()] ?? '')
  const { query } = cutTarget(whole)
  const originals = ORIGINALS.flatMap((name): [string, string][] => {
    const target = field(name).replace(/^https?:\/\/[^/?#]*/i, '')
    if (!target.startsWith('/')) return []
    const withQuery = target.includes('?') ? target : target + query
    return target === withQuery
      ? [[name, target]]
      : [
          [name, withQuery],
          [name, target],
        ]
  })
  const prefixed = PREFIXES.flatMap((name): [string, string][] => {
    const prefix = withoutLastSlashes(field(name))
    if (!prefix.startsWith('/')) return []
    return [
      [name, prefix + whole],
      ...(whole.startsWith('/?') || whole === '/'
        ? [[name, prefix + whole.slice(1)] as [string, string]]
        : []),
    ]
  })
  return [...originals, ...prefixed]
}

function namedTarget(name: string, target: string, whole: string): Candidate[] {
  const named = cutTarget(target)
  const arrived = cutTarget(whole)
  const says = `${shown(target)}, as ${name} says, and ${shown(whole)} arrived: a proxy changed it`
  const kind = kindOf(named, arrived)
  const advice =
    kind === 'path-prefix'
      ? pathAdvice(named.path, arrived.path)
      : 'Let the proxy pass on the request-URI as it received it, or set the option requestTarget of withMac.'
  return table('signed', [[kind, 1, says, target]], cutTarget, advice, 'server')
}

function kindOf(
  named: ReturnType<typeof cutTarget>,
  arrived: ReturnType<typeof cutTarget>,
): string {
  if (named.path === arrived.path) {
    return named.query.length > arrived.query.length ? 'query-removed' : 'query-added'
  }
  const isPrefix = prefixBefore(named.path, arrived.path) ?? prefixBefore(arrived.path, named.path)
  return isPrefix !== null && named.query === arrived.query ? 'path-prefix' : 'target-original'
}
