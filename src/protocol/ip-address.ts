import { isIPv4, isIPv6 } from 'node:net'

/**
 * What a client is counted by, of an address as a server or a proxy writes it: with a port, in
 * brackets, with a zone. An IPv4 address is counted by itself, also if it is mapped into IPv6; an
 * IPv6 address by its /64, of which one client may have all.
 *
 * @returns `null` for what is not an address, such as `unknown` or a name that a proxy made up.
 */
export function countedAddress(written: string): string | null {
  const groups = groupsOf(written)
  if (groups === null) return null
  const before = groups.slice(0, 6).join(':')
  // Mapped, or by 64:ff9b::/96, by which IPv4 clients reach servers on IPv6 alone.
  if (before !== '0:0:0:0:0:ffff' && before !== '64:ff9b:0:0:0:0') {
    return `${groups.slice(0, 4).join(':')}::/64`
  }
  const bytes = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return bytes.flatMap((both) => [both >> 8, both & 255]).join('.')
}

/**
 * Whether an address, as a server or a proxy writes it, is one of this very machine: of 127.0.0.0/8, also
 * mapped into IPv6, or ::1. `null` for what is not an address.
 */
export function isLoopbackAddress(written: string): boolean | null {
  const groups = groupsOf(written)
  return groups && /^0:0:0:0:0:(?:0:0:1|ffff:7f[\da-f]{2}:[\da-f]+)$/.test(groups.join(':'))
}

/** The eight groups of an address in hexadecimal, an IPv4 one mapped into IPv6; `null` if it is not one. */
function groupsOf(written: string): readonly string[] | null {
  const bare = withoutPort(written.trim())
  const text = isIPv4(bare) ? `::ffff:${bare}` : bare.replace(/%.*$/, '')
  if (!isIPv6(text)) return null
  // As a URL has it, an IPv4 address at its end is written as two groups.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [head = [], tail] = canonical.split('::').map((half) => half.split(':').filter(Boolean))
  if (tail === undefined) return head
  return [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}

/** A port stands behind an IPv4 address, or behind the bracket of an IPv6 address. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(text)?.[1]
  return bracketed ?? /^([\d.]+):[\w.-]*$/.exec(text)?.[1] ?? text
}
