import { domainToUnicode } from 'node:url'
import { trimBlanks } from '../protocol/characters.ts'
import { httpName } from '../protocol/forwarded.ts'
import { defaultPort, parseAuthority } from '../protocol/host.ts'
import { originText } from '../protocol/pinned-origin.ts'
import type { Received } from './received.ts'
import { type Candidate, LAST_RANK, type Row, type Signed, shown, table } from './search.ts'

type Origin = Partial<Pick<Signed, 'host' | 'port'>>

/** Returns other hosts and ports that a client may have signed. */
export function originMistakes(base: Signed, received: Received): Candidate[] {
  const { host, port } = base
  const asReceived = `Let the client sign the host as ${shown(host)} and the port as ${shown(port)}.`
  const setting = (signed: Signed) => settingFor(signed, base, received)
  return [
    ...table('signed', forgottenPort(base, received), (origin) => origin, asReceived),
    ...table('signed', pinnedOrigins(base, received), (origin) => origin, setting, 'server'),
    ...table('signed', otherOrigins(base, received), (origin) => origin, setting, 'server'),
    ...table('signed', misspellings(base), (origin) => origin, asReceived),
    ...table(
      'signed',
      typed(base, received),
      (origin) => origin,
      `Let the client sign the host in lower case, as ${shown(host)}.`,
    ),
    ...table(
      'signed',
      hostsWithPorts(base),
      (origin) => origin,
      (signed) => {
        const apart = `Let the client sign the host as ${shown(host)} and the port as ${shown(signed.port)}.`
        return `${apart} ${setting({ ...signed, host })}`
      },
    ),
  ]
}

const DEFAULT_PORTS = [defaultPort('https'), defaultPort('http')]
const LOOPBACKS = ['localhost', '127.0.0.1', '[::1]']

/** The pinned origins, one of which the client may have signed although another host arrived. */
function pinnedOrigins({ host, port }: Signed, { pinned }: Received): Row<Origin>[] {
  return pinned.map((each) => {
    const kind = each.host === host ? 'port' : each.port === port ? 'host' : 'origin'
    const value = { host: each.host, port: each.port }
    return [kind, 1, `${originText(each)}, which the option origin lists`, value]
  })
}

/** Hosts and ports that are in other header fields, and other names of the same machine. */
function otherOrigins({ host, port }: Signed, received: Received): Row<Origin>[] {
  const named = namedHosts(received)
  const hosts = named.map((each) => each.host)
  const ports = [...DEFAULT_PORTS, ...named.flatMap((each) => each.ports)]
  const loopbacks = LOOPBACKS.includes(host) ? LOOPBACKS : []
  // If there is no port, the server could not find out the origin.
  const not = (own: string) => (port === '' ? '' : `, not ${own}`)
  const portRow = (rank: number, other: string): Row<Origin> => {
    return ['port', rank, `port ${other}${not(port)}`, { port: other }]
  }
  const hostRow = (rank: number, other: string): Row<Origin> => {
    return ['host', rank, `host ${other}${not(host)}`, { host: other }]
  }
  const originRow = (name: string, other: string): Row<Origin> => {
    return ['origin', 1, `${name}:${other}${not(`${host}:${port}`)}`, { host: name, port: other }]
  }
  return [
    ...ports.map((other) => portRow(1, other)),
    ...hosts.map((name) => hostRow(1, name)),
    ...named.flatMap((each) => each.ports.map((other) => originRow(each.host, other))),
    ...loopbacks.map((name) => hostRow(2, name)),
    ...USUAL_PORTS.map((other) => portRow(3, other)),
  ]
}

/** Ports on which servers and proxies often listen. */
const USUAL_PORTS = ['8443', '8080', '3000', '8000', '9443', '5000', '4443', '10443', '18080']

/** Returns all ports from 1024 to 9999: `Host $host` of nginx loses the port, and then nothing names it. */
export function anyPort(base: Signed, received: Received): Candidate[] {
  const { port } = base
  const not = port === '' ? '' : `, not ${port}`
  const rows = Array.from({ length: 8976 }, (_, at): Row<Origin> => {
    const other = String(at + 1024)
    return ['port', LAST_RANK, `port ${other}${not}`, { port: other }]
  })
  const setting = (signed: Signed) => settingFor(signed, base, received)
  return table('signed', rows, (origin) => origin, setting, 'server')
}

/** Other spellings of host and port. All of them are the client's mistake. */
function misspellings({ host, port }: Signed): Row<Origin>[] {
  const dotted = host.endsWith('.') ? host.slice(0, -1) : `${host}.`
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return [
    ['host-empty', 3, 'an empty host', { host: '' }],
    ['host-with-port', 2, 'the host with its port', { host: `${host}:${port}` }],
    ...DEFAULT_PORTS.map((other): Row<Origin> => {
      const how = `the host with its port, and port ${other}`
      return ['host-with-port', 2, how, { host: `${host}:${port}`, port: other }]
    }),
    ['host-dot', 3, 'the host with another dot at its end', { host: dotted }],
    ['host-brackets', 2, 'the IPv6 address without brackets', { host: bare }],
    [
      'host-brackets',
      2,
      'host and port cut apart at the first colon',
      host.startsWith('[') ? { host: '[', port: `${host.slice(2)}:${port}` } : {},
    ],
    ['port-default', 2, 'an empty port', { port: '' }],
    ...['None', 'null', 'undefined', '-1', '0'].map(
      (other): Row<Origin> => ['port-default', 3, `the port as ${shown(other)}`, { port: other }],
    ),
  ]
}

/** The host as it was typed. It is signed in lower case (draft §3.2.1). */
function typed({ host }: Signed, { headers }: Received): Row<Origin>[] {
  const written = (headers.host ?? host).replace(/:[0-9]+$/, '')
  return [
    ['host-case', 2, 'the host with the letter case of the Host header', { host: written }],
    ['host-case', 3, 'the host in upper case', { host: host.toUpperCase() }],
    ['host-case', 3, 'the host in Unicode', { host: domainToUnicode(host) || host }],
  ]
}

/** The host with a default port that did not arrive, because a proxy ends TLS. */
function hostsWithPorts({ host, port }: Signed): Row<Origin>[] {
  return DEFAULT_PORTS.filter((other) => other !== port).map((other) => {
    const value = { host: `${host}:${other}`, port: other }
    return ['host-with-port', 3, `the host with its port, ${host}:${other}`, value]
  })
}

/** The default port, if the request has another one and no header field shows that there is a proxy. */
function forgottenPort({ host, port }: Signed, { headers, url }: Received): Row<Origin>[] {
  const proxied = Object.keys(headers).some((name) => name.includes('forwarded'))
  if (proxied || headers.host?.toLowerCase() !== `${host}:${port}`) return []
  const usual = defaultPort(url.scheme)
  return [['port', 1, `port ${usual}, and sent the request to port ${port}`, { port: usual }]]
}

/** The change: which option to set in the server, or what the client must sign. */
function settingFor(signed: Signed, base: Signed, received: Received): string {
  const origin = originOf(signed, received)
  const here = originOf(base, received) ?? 'the host and port of the server'
  const { pinned, trusted, forwarded } = received
  const listed = pinned.find(({ host, port }) => host === signed.host && port === signed.port)
  if (listed !== undefined) return passOnHost(originText(listed), received)
  if (origin === null) return `Let the client sign ${here}.`
  const set = `Set origin: '${origin}' in the server`
  if (pinned.length === 1) {
    return `${set}, which has ${pinned.map(originText)} there, or let the client sign ${here}.`
  }
  if (pinned.length > 1) {
    return `Add '${origin}' to the list origin: '${origin}' is not in it. Then let the proxy pass on the Host of the client.`
  }
  if (trusted) {
    return (
      `${set} instead of trustProxy, or let the proxy send host and port that clients use in X-Forwarded-Host (nginx: ` +
      '$http_host) and X-Forwarded-Port, and the scheme in X-Forwarded-Proto: see docs/proxies.md.'
    )
  }
  if (forwarded?.host !== signed.host || forwarded.port !== signed.port) return `${set}.`
  return `${set} (or trustProxy, if its proxy sets the forwarded fields itself).`
}

/** The change if the client signed an origin of the list, but `Host` names another one or none. */
function passOnHost(origin: string, { headers, url }: Received): string {
  const arrived = shown(headers.host ?? url.authority)
  return (
    `The option origin has ${origin} already, but the Host that arrived, ${arrived}, does not name it: let the proxy ` +
    'pass on the Host of the client with its port (nginx: proxy_set_header Host $http_host), see docs/proxies.md.'
  )
}

/** Writes a host and a port as an origin. `null` if no origin has them. */
export function originOf({ host, port }: Signed, { headers, url }: Received): string | null {
  const [first] = [
    ...listed(headers['x-forwarded-proto']),
    ...forwardedValues(headers.forwarded, 'proto'),
  ]
  const proto = httpName(first)
  const likely = proto === 'https' || proto === 'http' ? proto : url.scheme
  const used = (['https', 'http'] as const).find((each) => port === defaultPort(each)) ?? likely
  const authority = port === defaultPort(used) ? host : `${host}:${port}`
  try {
    const parsed = parseAuthority(authority, used)
    return parsed.host === host && parsed.port === port ? `${used}://${authority}` : null
  } catch {
    return null
  }
}

/** Whether a header field names a host besides `Host` itself. Then a proxy passes on what the client called. */
export function namesHost({ headers }: Received): boolean {
  return (
    listed(headers['x-forwarded-host']).length > 0 ||
    listed(headers['x-original-host']).length > 0 ||
    forwardedValues(headers.forwarded, 'host').length > 0
  )
}

/** At most so many hosts are tried, with so many ports each. A request can name any number of them. */
const MAX_NAMED = 6

/** The hosts in the header fields, with the ports to try for each. Those nearest to the client come first. */
function namedHosts({ headers, url }: Received): { host: string; ports: string[] }[] {
  const authorities = [
    ...listed(headers['x-forwarded-host']),
    ...forwardedValues(headers.forwarded, 'host'),
    ...listed(headers['x-original-host']),
    ...listed(/^https?:\/\/([^/?#]+)/i.exec(headers['x-original-url'] ?? '')?.[1]),
    ...listed(headers.host),
    url.authority.toLowerCase(),
  ]
  const found = new Map<string, string[]>()
  for (const text of authorities.slice(0, 4 * MAX_NAMED)) {
    try {
      const { host, port } = parseAuthority(text, 'http')
      if (found.size >= MAX_NAMED && !found.has(host)) continue
      found.set(host, [...(found.get(host) ?? []), ...(text === host ? [] : [port])])
    } catch {
      // It is not a valid host, so no client signs it.
    }
  }
  const ports = listed(headers['x-forwarded-port']).filter((text) => /^[1-9][0-9]{0,4}$/.test(text))
  return [...found].map(([host, own]) => {
    return { host, ports: [...new Set([...own, ...ports, ...DEFAULT_PORTS])].slice(0, MAX_NAMED) }
  })
}

function listed(header = ''): string[] {
  const values = header.slice(0, 2048).toLowerCase().split(',').map(trimBlanks)
  return values.filter((value) => value !== '')
}

/** The values of a parameter of `Forwarded`. The header may be malformed. */
function forwardedValues(header = '', name: 'host' | 'proto'): string[] {
  const pairs = header.slice(0, 2048).matchAll(/(?:^|[,; \t])(host|proto)="?([^",; \t]+)/gi)
  return [...pairs]
    .filter(([, key]) => key?.toLowerCase() === name)
    .map(([, , value = '']) => value.toLowerCase())
}
