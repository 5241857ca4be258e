import { domainToUnicode } from 'node:url'
import { trimBlanks } from '../protocol/characters.ts'
import { httpName } from '../protocol/forwarded.ts'
import { defaultPort, parseAuthority } from '../protocol/host.ts'
import { type Origin, originText, pinOrigin } from '../protocol/pinned-origin.ts'
import type { Received } from './received.ts'
import {
  type Candidate,
  LAST_RANK,
  RANK_OF_MANY,
  type Row,
  type Signed,
  shown,
  table,
} from './search.ts'

type Address = Partial<Pick<Signed, 'host' | 'port'>>

/** Returns other hosts and ports that a client may have signed. */
export function originMistakes(base: Signed, received: Received): Candidate[] {
  const { host, port } = base
  const asReceived = `Let the client sign the host as ${shown(host)} and the port as ${shown(port)}.`
  const setting = (signed: Signed) => settingFor(signed, base, received)
  const sameHost = (signed: Signed) =>
    `Let the client sign the host that it calls: ${shown(host)} arrived. If it calls ${shown(signed.host)} and a proxy ` +
    `writes the Host, ${decapitalized(setting(signed))}`
  return [
    ...table(
      'signed',
      forgottenPort(base, received),
      (origin) => origin,
      (signed) => `${asReceived} ${ifProxyWrotePort(signed, base, received)}`,
      'either',
    ),
    ...table('signed', pinnedOrigins(base, received), (origin) => origin, setting, 'server'),
    ...table('signed', otherOrigins(base, received), (origin) => origin, setting, 'server'),
    ...table('signed', otherLoopbacks(base), (origin) => origin, sameHost, 'either'),
    ...table(
      'signed',
      misspellings(base).filter(([, , , value]) => value.port === undefined),
      (origin) => origin,
      `Let the client sign the host as ${shown(host)}.`,
    ),
    ...table(
      'signed',
      misspellings(base).filter(([, , , value]) => value.port !== undefined),
      (origin) => origin,
      asReceived + ifTlsEnds(base, received),
    ),
    ...table(
      'signed',
      typed(base, received),
      (origin) => origin,
      `Let the client sign the host as URLs have it, in lower case and ASCII: ${shown(host)}.`,
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

/** Of a list of origins, so many are tried together with other mistakes. The others are tried with everyday ones. */
const MAX_PINNED = 24

/** The pinned origins, one of which the client may have signed although another host arrived. */
function pinnedOrigins({ host, port }: Signed, { pinned }: Received): Row<Address>[] {
  return pinned.map((each, at) => {
    const kind = each.host === host ? 'port' : each.port === port ? 'host' : 'origin'
    const value = { host: each.host, port: each.port }
    return [
      kind,
      at < MAX_PINNED ? 1 : RANK_OF_MANY,
      `${originText(each)}, which the option origin lists`,
      value,
    ]
  })
}

/** Hosts and ports that are in other header fields, and usual ports. */
function otherOrigins({ host, port }: Signed, received: Received): Row<Address>[] {
  const named = namedHosts(received)
  const hosts = named.map((each) => each.host)
  const ports = [...DEFAULT_PORTS, ...named.flatMap((each) => each.ports)]
  // If there is no port, the server could not find out the origin.
  const not = (own: string) => (port === '' ? '' : `, not ${own}`)
  const portRow = (rank: number, other: string): Row<Address> => {
    return ['port', rank, `port ${other}${not(port)}`, { port: other }]
  }
  const hostRow = (rank: number, other: string): Row<Address> => {
    return ['host', rank, `host ${other}${not(host)}`, { host: other }]
  }
  const originRow = (name: string, other: string): Row<Address> => {
    return ['origin', 1, `${name}:${other}${not(`${host}:${port}`)}`, { host: name, port: other }]
  }
  return [
    ...ports.map((other) => portRow(1, other)),
    ...hosts.map((name) => hostRow(1, name)),
    ...named.flatMap((each) => each.ports.map((other) => originRow(each.host, other))),
    ...USUAL_PORTS.map((other) => portRow(3, other)),
  ]
}

/** The other names of this machine: the client signs one and calls another, or a proxy on it writes its own. */
function otherLoopbacks({ host }: Signed): Row<Address>[] {
  if (!LOOPBACKS.includes(host)) return []
  return LOOPBACKS.map((name) => ['host', 2, `host ${name}, not ${host}`, { host: name }])
}

/** Ports on which servers and proxies often listen. */
const USUAL_PORTS = ['8443', '8080', '3000', '8000', '9443', '5000', '4443', '10443', '18080']

/** The first and the last port of each range: usual ones, and those of a NodePort in Kubernetes. */
const RANGES = [
  [1024, 9999],
  [30_000, 32_767],
] as const

/** Returns all ports of these ranges: `Host $host` of nginx loses the port, and then nothing names it. */
export function anyPort(base: Signed, received: Received): Candidate[] {
  const { port } = base
  const not = port === '' ? '' : `, not ${port}`
  const rows = RANGES.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, at): Row<Address> => {
      const other = String(from + at)
      return ['port', LAST_RANK, `port ${other}${not}`, { port: other }]
    }),
  )
  const setting = (signed: Signed) => settingFor(signed, base, received)
  return table('signed', rows, (origin) => origin, setting, 'server')
}

/** Other spellings of host and port. All of them are the client's mistake. */
function misspellings({ host, port }: Signed): Row<Address>[] {
  const dotted = host.endsWith('.') ? host.slice(0, -1) : `${host}.`
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return [
    ['host-empty', 3, 'an empty host', { host: '' }],
    ['host-with-port', 2, 'the host with its port', { host: `${host}:${port}` }],
    ...DEFAULT_PORTS.map((other): Row<Address> => {
      const how = `the host with its port, and port ${other}`
      return ['host-with-port', 2, how, { host: `${host}:${port}`, port: other }]
    }),
    ['host-dot', 3, 'the host with another dot at its end', { host: dotted }],
    ['host-brackets', 2, 'the IPv6 address without brackets', { host: bare }],
    ...cutAtColon({ host, port }).map(
      (cut): Row<Address> => [
        'host-brackets',
        2,
        'host and port cut apart at the first colon',
        cut,
      ],
    ),
    ['port-default', 2, 'an empty port', { port: '' }],
    ...['None', 'null', 'undefined', '-1', '0'].map(
      (other): Row<Address> => ['port-default', 3, `the port as ${shown(other)}`, { port: other }],
    ),
  ]
}

/** What `split(':')` makes of an IPv6 address with a port. */
function cutAtColon({ host, port }: Address): Address[] {
  const [first = '', second = '', ...rest] = `${host}:${port}`.split(':')
  if (!first.startsWith('[')) return []
  return [
    { host: first, port: [second, ...rest].join(':') },
    { host: first, port: second },
  ]
}

/** The host as it was typed. It is signed in lower case (draft §3.2.1). */
function typed({ host }: Signed, { headers }: Received): Row<Address>[] {
  const written = (headers.host ?? host).replace(/:[0-9]+$/, '')
  return [
    ['host-case', 2, 'the host with the letter case of the Host header', { host: written }],
    ['host-case', 3, 'the host in upper case', { host: host.toUpperCase() }],
    ['host-case', 3, 'the host in Unicode', { host: domainToUnicode(host) || host }],
    ['host-case', 3, 'the IPv6 address without "::"', { host: fullAddress(host) }],
  ]
}

/** An IPv6 address with all its zeros, as Java writes it. Another host as it is. */
function fullAddress(host: string): string {
  const [, start, end] = /^\[([0-9a-f:]*)::([0-9a-f:]*)\]$/.exec(host) ?? []
  if (start === undefined || end === undefined) return host
  const [before, after] = [start, end].map((part) => part.split(':').filter((each) => each !== ''))
  const zeros = Math.max(0, 8 - (before?.length ?? 0) - (after?.length ?? 0))
  return `[${[...(before ?? []), ...Array(zeros).fill('0'), ...(after ?? [])].join(':')}]`
}

/** The host with a default port that did not arrive, because a proxy ends TLS. */
function hostsWithPorts({ host, port }: Signed): Row<Address>[] {
  return DEFAULT_PORTS.filter((other) => other !== port).map((other) => {
    const value = { host: `${host}:${other}`, port: other }
    return ['host-with-port', 3, `the host with its port, ${host}:${other}`, value]
  })
}

/**
 * The default port, if the request has another one and no header field shows that there is a proxy. A proxy may have
 * written that port all the same: nginx does with `Host $host:$server_port`.
 */
function forgottenPort({ host, port }: Signed, { headers, url }: Received): Row<Address>[] {
  const proxied = Object.keys(headers).some((name) => name.includes('forwarded'))
  if (proxied || (headers.host ?? url.authority).toLowerCase() !== `${host}:${port}`) return []
  const usual = defaultPort(url.scheme)
  return [['port', 1, `port ${usual}, and the host that arrived has port ${port}`, { port: usual }]]
}

function ifProxyWrotePort(signed: Signed, base: Signed, received: Received): string {
  const change = decapitalized(settingFor(signed, base, received))
  return `Or, if clients call port ${signed.port} and a proxy writes ${base.port} into Host, ${change}`
}

/** A proxy that ends TLS makes port 80 of port 443: the client must not sign that. */
function ifTlsEnds({ host, port }: Signed, { pinned, url }: Received): string {
  if (pinned.length > 0 || url.scheme !== 'http' || port !== defaultPort('http')) return ''
  return ` If it calls https, let it sign the port as "443", and set origin: 'https://${host}' in the server.`
}

function decapitalized(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1)
}

/** The change: which option to set in the server, or what the client must sign. */
function settingFor(signed: Signed, base: Signed, received: Received): string {
  const origin = settableOrigin(signed, base, received)
  const here = originOf(base, received) ?? 'the host and port of the server'
  const { pinned, trustProxy, forwarded } = received
  const listed = pinned.find(({ host, port }) => host === signed.host && port === signed.port)
  if (listed !== undefined) {
    return isNamedByHost(listed, received)
      ? leaveOut(originText(listed), base, received)
      : passOnHost(originText(listed), received)
  }
  if (origin === null) return `Let the client sign ${here}.`
  const set = `Set origin: '${origin}' in the server`
  if (pinned.length === 1) {
    return `${set}, which has ${pinned.map(originText)} there, or let the client sign ${here}.`
  }
  if (pinned.length > 1) {
    const add = `Add '${origin}' to the list origin: '${origin}' is not in it.`
    const isNamed = isNamedByHost(pinOrigin(origin), received)
    return isNamed ? add : `${add} Then let the proxy pass on the Host of the client.`
  }
  const isForwarded = forwarded?.host === signed.host && forwarded.port === signed.port
  if (typeof trustProxy === 'string' && isForwarded) {
    const other = trustProxy === 'forwarded' ? 'x-forwarded' : 'forwarded'
    return (
      `Set trustProxy: '${other}' in the server, if its proxy sets these fields itself: the fields of '${trustProxy}' do ` +
      `not name this origin. Or set origin: '${origin}' instead of trustProxy.`
    )
  }
  if (trustProxy !== false) {
    return (
      `${set} instead of trustProxy, or let the proxy send host and port that clients use in X-Forwarded-Host (nginx: ` +
      '$http_host) and X-Forwarded-Port, and the scheme in X-Forwarded-Proto: see docs/proxies.md.'
    )
  }
  // Anyone can send such a field: it must not talk an operator into a foreign origin.
  const ask =
    pinOrigin(origin).host === base.host ? '' : ', if that is the address that its clients call'
  if (!isForwarded) return `${set}${ask}.`
  return `${set}${ask} (or trustProxy, if its proxy sets the forwarded fields itself).`
}

/** Whether the `Host` that arrived names an origin of the option `origin`, as the server matches them. */
function isNamedByHost({ scheme, host, port }: Origin, { headers, url }: Received): boolean {
  try {
    const named = parseAuthority(headers.host ?? url.authority, scheme)
    return named.host === host && named.port === port
  } catch {
    return false
  }
}

/** The change if `Host` names the origin that the client signed, and another one of the list by its scheme. */
function leaveOut(origin: string, { host, port }: Signed, { pinned, url }: Received): string {
  const taken = pinned.find((each) => each.host === host && each.port === port)
  if (taken === undefined) return `Let ${origin} be the only origin.`
  return (
    `The option origin has ${origin} and ${originText(taken)}, and the Host that arrived names both. The request came ` +
    `as ${url.scheme}, so the server took ${originText(taken)}: leave that out of the list.`
  )
}

/** The change if the client signed an origin of the list, but `Host` names another one or none. */
function passOnHost(origin: string, { headers, url }: Received): string {
  const arrived = shown(headers.host ?? url.authority)
  return (
    `The option origin has ${origin} already, but the Host that arrived, ${arrived}, does not name it: let the proxy ` +
    'pass on the Host of the client with its port (nginx: proxy_set_header Host $http_host), see docs/proxies.md.'
  )
}

/** The origin that a client signed. If it signed a form of the host that no origin has, the one with the right host. */
export function settableOrigin(signed: Signed, base: Signed, received: Received): string | null {
  return originOf(signed, received) ?? originOf({ ...signed, host: base.host }, received)
}

/** Writes a host and a port as an origin. `null` if no origin has them. */
function originOf({ host, port }: Signed, { headers, url, pinned }: Received): string | null {
  const [first] = [
    ...listed(headers['x-forwarded-proto']),
    ...forwardedValues(headers.forwarded, 'proto'),
  ]
  const proto = httpName(first)
  const known = pinned.find((each) => each.host === host)?.scheme
  const likely = known ?? (proto === 'https' || proto === 'http' ? proto : url.scheme)
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
