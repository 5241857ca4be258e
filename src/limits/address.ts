import { isIPv4, isIPv6 } from 'node:net'

/**
 * What a client is counted by, of an address as a server or a proxy writes it: with a port, in
 * brackets, with a zone. An IPv4 address is counted by itself, also where it is mapped into IPv6; an
 * IPv6 address by its /64, of which one client may have all.
 *
 * @returns `null` for what is no address, such as `unknown` or a name that a proxy made up.
 */
export function countedAddress(written: string): string | null {
  const address = readAddress(written)
  return address === null || typeof address === 'string' ? address : countedIpv6(address)
}

/**
 * Whether an address, as a server or a proxy writes it, is one of this very machine: of 127.0.0.0/8, also
 * mapped into IPv6, or ::1. `null` for what is no address.
 */
export function isLoopbackAddress(written: string): boolean | null {
  const address = readAddress(written)
  if (address === null) return null
  if (typeof address === 'string') return address.startsWith('127.')
  const [mark, high = 0, low] = address.slice(5)
  if (address.slice(0, 5).some((group) => group !== 0)) return false
  return mark === 0xffff ? high >> 8 === 127 : mark === 0 && high === 0 && low === 1
}

/** An IPv4 address as it is, an IPv6 address by its eight groups; `null` for what is neither. */
function readAddress(written: string): string | readonly number[] | null {
  const bare = withoutPort(written.trim())
  if (isIPv4(bare)) return bare
  const text = bare.replace(/%.*$/, '')
  return isIPv6(text) ? groupsOf(text) : null
}

/** A port stands behind an IPv4 address, or behind the bracket of an IPv6 address. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(text)?.[1]
  if (bracketed !== undefined) return bracketed
  return /^([\d.]+):[\w.-]*$/.exec(text)?.[1] ?? text
}

function countedIpv6(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6)
  if (isMapped(groups)) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** In `::ffff:0:0/96`, or in `64:ff9b::/96`, by which IPv4 clients reach servers on IPv6 alone. */
function isMapped([a, b, c, d, e, f]: readonly number[]): boolean {
  if (c !== 0 || d !== 0 || e !== 0) return false
  return (a === 0 && b === 0 && f === 0xffff) || (a === 0x64 && b === 0xff9b && f === 0)
}

/** The eight groups of an IPv6 address that is known to be one. */
function groupsOf(text: string): number[] {
  // As a URL has it, an IPv4 address at its end is written as two groups.
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [before = '', after] = canonical.split('::')
  const head = numbers(before)
  const tail = after === undefined ? [] : numbers(after)
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
