import { isIPv4, isIPv6 } from 'node:net'

/**
 * Returns the address by which a client is counted. A server or a proxy may have written it with a port, in
 * brackets, or with a zone. An IPv4 address counts by itself, also if it is mapped into IPv6. An IPv6 address
 * counts by its /64, because one client may have all addresses of it.
 *
 * @returns `null` for a text that is not an address, such as `unknown` or `_hidden`.
 */
export function countedAddress(written: string): string | null {
  const groups = groupsOf(written)
  if (groups === null) return null
  const before = groups.slice(0, 6).join(':')
  // Mapped into IPv6, or in 64:ff9b::/96, through which IPv4 clients reach servers that have only IPv6.
  if (before !== '0:0:0:0:0:ffff' && before !== '64:ff9b:0:0:0:0') {
    return `${groups.slice(0, 4).join(':')}::/64`
  }
  const bytes = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return bytes.flatMap((both) => [both >> 8, both & 255]).join('.')
}

/**
 * Whether the address of a connection is one of this machine: in 127.0.0.0/8, also mapped into IPv6, or ::1.
 * Returns `null` for a text that is not an address. Hosts have rules of their own: see
 * `isLoopback` in `src/oauth/request.ts`.
 */
export function isLoopbackAddress(written: string): boolean | null {
  const groups = groupsOf(written)
  return groups && /^0:0:0:0:0:(?:0:0:1|ffff:7f[\da-f]{2}:[\da-f]+)$/.test(groups.join(':'))
}

/**
 * Returns the eight hexadecimal groups of an address. IPv4 is mapped into IPv6. `null` if it is not an
 * address.
 */
function groupsOf(written: string): readonly string[] | null {
  const bare = withoutPort(written.trim())
  const text = isIPv4(bare) ? `::ffff:${bare}` : bare.replace(/%.*$/, '')
  if (!isIPv6(text)) return null
  // In a URL, an IPv4 address at the end is written as two groups.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [head = [], tail] = canonical.split('::').map((half) => half.split(':').filter(Boolean))
  if (tail === undefined) return head
  return [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}

/** Removes a port after an IPv4 address, or the brackets of an IPv6 address and a port after them. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(text)?.[1]
  return bracketed ?? /^([\d.]+):[\w.-]*$/.exec(text)?.[1] ?? text
}
