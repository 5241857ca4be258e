import { BoundedMap } from '../bounded-map.ts'
import { MacError } from '../errors.ts'

/** A host and a port, in the form that the MAC covers (draft §3.2.1). */
export interface Authority {
  /** In lower case; an IPv6 address with its brackets. */
  readonly host: string
  /** In decimal, without leading zeros. */
  readonly port: string
}

/** The schemes for which the draft defines default ports. */
export type HttpScheme = 'http' | 'https'

const HOST_NAME = /^(?=.{1,255}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/
const PORT = /^[1-9][0-9]{0,4}$/
const LAST_LABEL_IS_NUMBER = /(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?=.)|$)){4}$/
/** Returns the default port of a scheme (draft §3.2.1). */
export function defaultPort(scheme: HttpScheme): string {
  return scheme === 'https' ? '443' : '80'
}

/**
 * Parses `host` or `host:port`, as in a `Host` header or a URL.
 *
 * It is strict on purpose: if two servers could read a text as different hosts, it must not pass a check that
 * depends on the host. So it rejects user information, an empty or padded port, percent-encoding, characters
 * other than letters, digits, `-`, `_` and `.`, and unusual spellings of an IP address.
 *
 * @throws {@link MacError} `ERR_MAC_HOST`
 */
export function parseAuthority(authority: string, scheme: HttpScheme): Authority {
  const cache = PARSED[scheme]
  const known = cache.get(authority)
  if (known !== undefined) return known
  const parsed = Object.freeze(splitAuthority(authority, scheme))
  cache.set(authority, parsed)
  return parsed
}

/** The maximum number of authorities that are cached for each scheme. */
const MAX_PARSED = 512
/**
 * The authorities that were parsed before: a server has few names, and needs one with every request. An
 * attacker who sends many others can only cause some parsing.
 */
const PARSED: Readonly<Record<HttpScheme, BoundedMap<string, Authority>>> = {
  http: /* @__PURE__ */ new BoundedMap(MAX_PARSED),
  https: /* @__PURE__ */ new BoundedMap(MAX_PARSED),
}

function splitAuthority(authority: string, scheme: HttpScheme): Authority {
  const bracket = authority.startsWith('[') ? authority.indexOf(']') : 0
  if (bracket === -1) throw hostError(authority, 'the bracket is not closed')
  const colon = authority.indexOf(':', bracket)
  const host = colon === -1 ? authority : authority.slice(0, colon)
  const port = colon === -1 ? defaultPort(scheme) : authority.slice(colon + 1)
  if (!PORT.test(port) || Number(port) > 65_535) {
    throw hostError(authority, 'the port is not a number from 1 to 65535')
  }
  if (host.startsWith('[')) checkIpv6(authority, host)
  else checkName(authority, host)
  return { host: host.toLowerCase(), port }
}

/** The host that srvx shows to handlers instead of a malformed one. */
const SRVX_INVALID = '_invalid_'

function checkName(authority: string, host: string): void {
  if (host === '') throw hostError(authority, 'it is empty')
  if (host === SRVX_INVALID) {
    throw hostError(authority, 'srvx writes it instead of a malformed host')
  }
  if (!HOST_NAME.test(host)) throw hostError(authority, 'it is not a host name')
  if (LAST_LABEL_IS_NUMBER.test(host) && !IPV4.test(host)) {
    throw hostError(authority, 'it is an unusual spelling of an IPv4 address')
  }
}

/** Accepts only the canonical form (RFC 5952), because some runtimes change other forms to it. */
function checkIpv6(authority: string, host: string): void {
  if (/^\[[0-9A-Fa-f:.]+\]$/.test(host) && canonicalIpv6(host) === host.toLowerCase()) return
  throw hostError(authority, 'it is not an IPv6 address in canonical form')
}

function canonicalIpv6(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return null
  }
}

function hostError(authority: string, why: string): MacError {
  const shown = JSON.stringify(authority.slice(0, 100))
  return new MacError('ERR_MAC_HOST', `The host ${shown} cannot be used: ${why}.`)
}
