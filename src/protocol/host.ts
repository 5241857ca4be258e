import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'

/** A host and a port as the MAC covers them (draft §3.2.1). */
export interface Authority {
  /** In lower case; an IPv6 address with its brackets. */
  readonly host: string
  /** In decimal, without leading zeros. */
  readonly port: string
}

/** The schemes whose default ports the draft names. */
export type HttpScheme = 'http' | 'https'

const NAME = /^(?=.{1,255}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/
const PORT = /^[1-9][0-9]{0,4}$/
const LAST_LABEL_IS_NUMBER = /(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?=.)|$)){4}$/

const LOOPBACK = /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/

/** The port of a scheme where none is written (draft §3.2.1). */
export function defaultPort(scheme: HttpScheme): string {
  return scheme === 'https' ? '443' : '80'
}

/** Whether a host, as URLs spell it, is this very machine, so that nobody is on the way to it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * Reads `host` or `host:port`, as it stands in a `Host` header or a URL.
 *
 * Strict on purpose: what one server reads as another host than the next must not get past a check
 * that depends on the host. So no user information, no empty or padded port, no percent-encoding, no
 * character outside letters, digits, `-`, `_` and `.`, and an IP address only as everyone writes it.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function parseAuthority(authority: string, scheme: HttpScheme): Authority {
  const read = READ[scheme]
  const known = read.get(authority)
  if (known !== undefined) return known
  const parsed = Object.freeze(readAuthority(authority, scheme))
  read.set(authority, parsed)
  return parsed
}

const MOST_READ = 512
/**
 * What was read before: a server has few names, and each is read with every request. Whoever sends
 * many others makes one that is not in use be read anew, no more.
 */
const READ: Readonly<Record<HttpScheme, BoundedMap<string, Authority>>> = {
  http: new BoundedMap(MOST_READ),
  https: new BoundedMap(MOST_READ),
}

function readAuthority(authority: string, scheme: HttpScheme): Authority {
  const bracket = authority.startsWith('[') ? authority.indexOf(']') : 0
  if (bracket === -1) throw malformed(authority, 'the bracket is not closed')
  const colon = authority.indexOf(':', bracket)
  const host = colon === -1 ? authority : authority.slice(0, colon)
  const port = colon === -1 ? defaultPort(scheme) : authority.slice(colon + 1)
  if (!PORT.test(port) || Number(port) > 65_535) {
    throw malformed(authority, 'the port is not a number from 1 to 65535')
  }
  if (host.startsWith('[')) checkIpv6(authority, host)
  else checkName(authority, host)
  return { host: host.toLowerCase(), port }
}

/** What srvx shows handlers in place of a malformed host. */
const SRVX_INVALID = '_invalid_'

function checkName(authority: string, host: string): void {
  if (host === '') throw malformed(authority, 'it is empty')
  if (host === SRVX_INVALID) throw malformed(authority, 'srvx writes it for a malformed one')
  if (!NAME.test(host)) throw malformed(authority, 'it is no host name')
  if (LAST_LABEL_IS_NUMBER.test(host) && !IPV4.test(host)) {
    throw malformed(authority, 'it is an unusual spelling of an IPv4 address')
  }
}

/** Only the canonical spelling (RFC 5952) is taken: some runtimes change all others. */
function checkIpv6(authority: string, host: string): void {
  if (/^\[[0-9A-Fa-f:.]+\]$/.test(host) && canonicalIpv6(host) === host.toLowerCase()) return
  throw malformed(authority, 'it is no IPv6 address in its canonical spelling')
}

function canonicalIpv6(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return null
  }
}

function malformed(authority: string, why: string): MacError {
  const shown = JSON.stringify(authority.slice(0, 100))
  return new MacError('ERR_MAC_HOST', `The host ${shown} cannot be used: ${why}.`)
}
