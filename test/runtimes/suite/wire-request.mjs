import { originOf } from './vectors.mjs'

/** The `Host` values of the file that are well-formed. All others are rejected. */
const WELL_FORMED = new Set([
  'example.com',
  'EXAMPLE.Com',
  'EXAMPLE.com:80',
  'example.com:80',
  'example.com:443',
  'example.com:3000',
  'example.com.',
  '[::1]',
  '[::1]:3000',
  'xn--caf-dma.example',
  'under_score.example',
  '-',
])

/**
 * Parses a raw request of the file, byte for byte.
 *
 * @returns What is on the wire. `with` inserts header lines after the request line.
 */
export function parseSent({ name, raw_latin1: stored }) {
  const bytes = expand(stored)
  const end = bytes.indexOf('\r\n')
  const [line, rest] = [bytes.slice(0, end), bytes.slice(end + 2)]
  const method = line.slice(0, line.indexOf(' '))
  const target = line.slice(method.length + 1, line.lastIndexOf(' '))
  const hosts = [...rest.matchAll(/^host:(.*)\r$/gim)].map(([, value]) => trim(value))
  const [host = ''] = hosts
  return {
    name,
    hosts,
    /** Without a host on HTTP/1 some runtimes invent one, as on HTTP/2. */
    wellFormed: hosts.length === 0 || WELL_FORMED.has(host),
    signed: /^authorization ?:/im.test(rest),
    form: { method: method.toUpperCase(), target, ...originOf(host) },
    with: (lines) => `${line}\r\n${lines}${rest}`,
  }
}

/** Completes long headers, which are shortened in the file. The missing part repeats the last character. */
function expand(stored) {
  const [cut, total] = /…\(([0-9]+) bytes\)$/.exec(stored) ?? []
  if (cut === undefined) return stored
  const start = stored.slice(0, -cut.length)
  const end = '"\r\nConnection: close\r\n\r\n'
  return start.padEnd(Number(total) - end.length, start.at(-1)) + end
}

function trim(value) {
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}
