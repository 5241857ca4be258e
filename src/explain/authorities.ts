import { httpName } from '../protocol/forwarded.ts'
import { type Authority, type HttpScheme, parseAuthority } from '../protocol/host.ts'
import { splitList, trimBlanks } from '../protocol/text.ts'
import type { Received } from './received.ts'

/** A host that the request names somewhere, with the ports that may go with it. */
export interface NamedHost {
  readonly host: string
  readonly ports: readonly string[]
}

/** How many hosts and ports are considered: a request may name any number of them. */
const MOST = 6

/** All hosts that the request names, those that are nearest to the client first. */
export function namedHosts({ headers, authority }: Received): NamedHost[] {
  const port = values(headers['x-forwarded-port']).filter((text) => /^[1-9][0-9]{0,4}$/.test(text))
  const forwarded = forwardedValues(headers.forwarded, 'host')
  const texts = [
    ...values(headers['x-forwarded-host']),
    ...forwarded,
    ...values(headers['x-original-host']),
    ...(headers.host === undefined ? [] : values(headers.host)),
    authority,
  ]
  const found = new Map<string, Set<string>>()
  for (const text of texts.slice(0, 4 * MOST)) {
    const named = read(text)
    if (named === null || (found.size >= MOST && !found.has(named.host))) continue
    const ports = found.get(named.host) ?? new Set<string>()
    if (named.port !== null) ports.add(named.port)
    found.set(named.host, ports)
  }
  return [...found].map(([host, own]) => {
    const ports = new Set([...own, ...port, '443', '80'])
    return { host, ports: [...ports].slice(0, MOST) }
  })
}

/** The scheme that the client used, as a proxy tells it, or as the server sees it. */
export function likelyScheme({ headers, scheme }: Received): HttpScheme {
  const [first] = [
    ...values(headers['x-forwarded-proto']),
    ...forwardedValues(headers.forwarded, 'proto'),
  ]
  const told = httpName(first)
  return told === 'https' || told === 'http' ? told : scheme
}

/** The origin of a host and a port, as it is written; `null` where there is no such origin. */
export function originOf(host: string, port: string, likely: HttpScheme): string | null {
  try {
    const same = (scheme: HttpScheme, text: string) => {
      const parsed: Authority = parseAuthority(text, scheme)
      return parsed.host === host && parsed.port === port
    }
    if (port === '443' && same('https', host)) return `https://${host}`
    if (port === '80' && same('http', host)) return `http://${host}`
    return same(likely, `${host}:${port}`) ? `${likely}://${host}:${port}` : null
  } catch {
    return null
  }
}

function read(text: string): { host: string; port: string | null } | null {
  try {
    const { host, port } = parseAuthority(text, 'http')
    return { host, port: text.toLowerCase() === host ? null : port }
  } catch {
    return null
  }
}

function values(header: string | undefined): string[] {
  if (header === undefined) return []
  return header
    .slice(0, 2048)
    .split(',')
    .map((text) => trimBlanks(text).toLowerCase())
}

function forwardedValues(header: string | undefined, name: 'host' | 'proto'): string[] {
  if (header === undefined || header.length > 2048) return []
  const elements = splitList(header, ',') ?? []
  const found: string[] = []
  for (const element of elements) {
    for (const pair of splitList(element, ';') ?? []) {
      const [key = '', value = ''] = trimBlanks(pair).split('=', 2)
      if (key.toLowerCase() === name) found.push(value.replace(/^"|"$/g, '').toLowerCase())
    }
  }
  return found
}
