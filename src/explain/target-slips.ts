import { trimBlanks } from '../protocol/text.ts'
import { type Alternative, cutTarget, shown } from './guess.ts'
import type { Received } from './received.ts'

type Target = { readonly path: string; readonly query: string }
type Header = (name: string) => string | undefined

/** The longest request-URI whose variants are made: none that a server takes is longer. */
const LONGEST = 65_536

/** What clients, and proxies, make of a request-URI. */
export function targetSlips(
  target: Target,
  urlTarget: string | null,
  header: Header,
): Alternative[] {
  const whole = target.path + target.query
  if (whole.length > LONGEST) return []
  const add = collector(whole)
  const fragment = whole.indexOf('#')
  if (fragment !== -1) {
    const sent = whole.slice(0, fragment)
    add('target-fragment', 1, cutTarget(sent), `the request-URI up to its "#"`, {
      side: 'client',
      did: `the client signed ${shown(sent)}, and ${shown(whole)} arrived`,
      change:
        'let the client cut the URL off at "#" before it sends it, or find out who changed it on its way',
    })
  }
  pathAndQuery(target, add)
  for (const [name, value] of originalTargets(header)) {
    add('target-original', 1, cutTarget(value), `${shown(value)}, which ${name} names`, {
      side: 'server',
      did: `the client signed ${shown(value)}, and a proxy passes on ${shown(whole)}`,
      change:
        'let the proxy pass the request-URI on as it came, or give withMac the option requestTarget',
    })
  }
  const prefix = header('x-forwarded-prefix')
  if (prefix?.startsWith('/')) {
    const path = withoutLastSlashes(prefix) + target.path
    add('target-original', 1, { path }, `the path ${shown(path)}, which X-Forwarded-Prefix names`, {
      side: 'server',
      did: `the client signed the path ${shown(path)}, and a proxy cuts it`,
      change: 'let the proxy pass the path on as it came, or give withMac the option requestTarget',
    })
  }
  if (urlTarget !== null) {
    add('target-normalized', 1, cutTarget(urlTarget), 'the request-URI as new URL() has it')
  }
  return add.slips
}

/** The whole URL in place of its path and query, as it is sent to a proxy. */
export function wholeUrlSlips({ headers, authority, target }: Received): Alternative[] {
  const hosts = new Set([headers.host ?? authority, authority, headers['x-forwarded-host'] ?? ''])
  hosts.delete('')
  return [...hosts].flatMap((host) =>
    ['https', 'http'].map((scheme): Alternative => {
      const before = `${scheme}://${host}`
      return {
        kind: 'target-absolute',
        rank: 2,
        side: 'client',
        matches: 'the whole URL as request-URI',
        did: `the client signed the whole URL, from ${shown(before)} on`,
        change: `let the client sign path and query alone, ${shown(target)}`,
        differs: { before },
      }
    }),
  )
}

/** What is done to the two together, and to each. */
function pathAndQuery({ path, query }: Target, add: Collector): void {
  const whole = path + query
  const both = (kind: string, rank: number, made: string, how: string) =>
    add(kind, rank, cutTarget(made), `the request-URI ${how}`)
  if (query !== '') {
    add('query-missing', 1, { query: '' }, 'no query')
    if (query !== '?') add('query-missing', 3, { query: '?' }, 'a bare "?" in place of the query')
  } else {
    add('query-mark', 1, { query: '?' }, 'a bare "?" behind the path')
  }
  add('path-decoded', 1, { path: decode(path) }, 'the path percent-decoded')
  add('path-normalized', 2, { path: normalized(path) }, 'the path as new URL() has it')
  const plain = decode(normalized(path))
  add('path-normalized', 2, { path: plain }, 'the path normalized and percent-decoded')
  add('path-encoded', 2, { path: segments(path) }, 'each segment of the path encoded anew')
  add('path-encoded', 3, { path: encodeURIComponent(wellFormed(path)) }, 'the path encoded whole')
  add('path-slash', 2, { path: toggleSlash(path) }, 'another slash at the end of the path')
  add('path-slash', 2, { path: path.replace(/\/{2,}/g, '/') }, 'double slashes made one')
  add('path-slash', 2, { path: path.slice(1) }, 'no slash at the start of the path')
  if (query.length > 1) queryAlone(query, add)
  both('target-decoded', 1, decode(whole), 'percent-decoded')
  both('target-decoded', 2, decode(whole.replaceAll('+', ' ')), 'decoded as a form is')
  both('target-normalized', 2, normalized(whole), 'as new URL() has it')
  both('target-encoded', 2, encodeURI(wellFormed(decode(whole))), 'decoded and encoded anew')
  both('target-encoded', 2, encodeURI(wellFormed(whole)), 'encoded once more')
  both('target-encoded', 3, escapesIn(whole, 'upper'), 'with its escapes in upper case')
  both('target-encoded', 2, escapesIn(whole, 'lower'), 'with its escapes in lower case')
}

function queryAlone(query: string, add: Collector): void {
  const of = (made: string) => ({ query: `?${made}` })
  const fields = query.slice(1)
  add('query-decoded', 1, of(decode(fields)), 'the query percent-decoded')
  add('query-decoded', 2, of(decode(fields.replaceAll('+', ' '))), 'the query decoded as a form is')
  add(
    'query-encoded',
    2,
    of(new URLSearchParams(fields).toString()),
    'the query encoded as a form is',
  )
  add('query-encoded', 2, of(fields.replaceAll('+', '%20')), '"%20" for "+" in the query')
  add('query-encoded', 2, of(fields.replaceAll('%20', '+')), '"+" for "%20" in the query')
  add('query-sorted', 2, of(fields.split('&').sort().join('&')), 'the query sorted')
}

interface Collector {
  (
    kind: string,
    rank: number,
    differs: Partial<Target>,
    matches: string,
    other?: Pick<Alternative, 'side' | 'did' | 'change'>,
  ): void
  readonly slips: Alternative[]
}

/** Gathers alternatives, each only once, and none that is what was received. */
function collector(whole: string): Collector {
  const slips: Alternative[] = []
  const seen = new Set<string>()
  const { path, query } = cutTarget(whole)
  const ofClient = (matches: string) => ({
    side: 'client' as const,
    did: `the client signed ${matches}`,
    change: `let the client sign the request-URI as it is sent, ${shown(whole)}`,
  })
  const add: Collector = Object.assign(
    (...[kind, rank, differs, matches, other]: Parameters<Collector>) => {
      const part = {
        ...(differs.path === undefined || differs.path === path ? {} : { path: differs.path }),
        ...(differs.query === undefined || differs.query === query ? {} : { query: differs.query }),
      }
      const mark = JSON.stringify(part)
      if (mark === '{}' || seen.has(mark)) return
      seen.add(mark)
      slips.push({ kind, rank, matches, differs: part, ...(other ?? ofClient(matches)) })
    },
    { slips },
  )
  return add
}

/** Where proxies say what they received. */
function originalTargets(header: Header): [string, string][] {
  const found: [string, string][] = []
  for (const name of ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri', 'X-Rewrite-URL']) {
    const value = trimBlanks(header(name.toLowerCase()) ?? '')
    if (value.startsWith('/')) found.push([name, value])
  }
  return found
}

/** Decodes what can be decoded: a percent sign that starts no escape is left as it is. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

function normalized(target: string): string {
  try {
    const url = new URL(`http://host${target.startsWith('/') ? target : '/'}`)
    return url.pathname + url.search
  } catch {
    return target
  }
}

function segments(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(wellFormed(decode(segment))))
    .join('/')
}

function escapesIn(text: string, how: 'upper' | 'lower'): string {
  return text.replace(/%[0-9A-Fa-f]{2}/g, (code) =>
    how === 'upper' ? code.toUpperCase() : code.toLowerCase(),
  )
}

function toggleSlash(path: string): string {
  return path.endsWith('/') ? withoutLastSlashes(path) : `${path}/`
}

/** A lone surrogate cannot be encoded. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '�')
}

/** Without a regular expression, which would look at each run of slashes from each of its slashes. */
function withoutLastSlashes(path: string): string {
  let end = path.length
  while (path.charCodeAt(end - 1) === 0x2f) end--
  return path.slice(0, end)
}
