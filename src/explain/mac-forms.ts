import type { MacAlgorithm } from '../protocol/signature.ts'
import type { Slip } from './explanation.ts'
import type { Hash } from './key-slips.ts'

/** A way to read the MAC that was sent: which hash it is of, and what it is in base64. */
export interface MacForm {
  readonly hash: Hash
  /** In base64, as it should have been sent. */
  readonly mac: string
  /** What the client did otherwise so far. */
  readonly slips: readonly (Slip & { readonly matches: string })[]
}

const HASH_OF_LENGTH: Readonly<Record<number, Hash>> = {
  20: 'sha1',
  32: 'sha256',
  48: 'sha384',
  64: 'sha512',
}
const NAMES: Readonly<Record<Hash, string>> = {
  sha1: 'hmac-sha-1',
  sha256: 'hmac-sha-256',
  sha384: 'HMAC with SHA-384',
  sha512: 'HMAC with SHA-512',
}
const HEX = /^(?:[0-9A-Fa-f]{2})+$/

/**
 * How the MAC that was sent can be read. Its length gives away the hash, so that no hash need be tried.
 *
 * @returns `null` where it has the length of no hash, in whatever encoding.
 */
export function macForm(sent: string, algorithm: MacAlgorithm): MacForm | null {
  const read = readHex(sent) ?? readBase64(sent)
  if (read === null) return null
  const { hash, bytes, encoding } = read
  const slips: MacForm['slips'][number][] = []
  if (encoding !== null) {
    slips.push({
      kind: encoding.kind,
      side: 'client',
      matches: `the MAC ${encoding.how}`,
      sentence: `the client sent the MAC ${encoding.how}`,
      change: 'let the client send it in base64, with the standard alphabet and padding',
    })
  }
  if (NAMES[hash] !== algorithm) {
    slips.push({
      kind: 'algorithm',
      side: 'client',
      matches: NAMES[hash],
      sentence: `the client computed the MAC by ${NAMES[hash]}, and the credential is for ${algorithm}`,
      change: `let the client use ${algorithm}`,
    })
  }
  return { hash, mac: bytes.toString('base64'), slips }
}

interface ReadMac {
  readonly hash: Hash
  readonly bytes: Buffer
  readonly encoding: { readonly kind: string; readonly how: string } | null
}

function readHex(sent: string): ReadMac | null {
  if (!HEX.test(sent)) return null
  return ofHash(Buffer.from(sent, 'hex'), { kind: 'mac-hex', how: 'in hexadecimal' })
}

function readBase64(sent: string): ReadMac | null {
  const [, text = '', padding = ''] = /^([A-Za-z0-9+/_-]+)(={0,2})$/.exec(sent) ?? []
  if (text === '') return null
  const bytes = Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
  const inside = bytes.toString('latin1')
  const hex = HEX.test(inside) ? Buffer.from(inside, 'hex') : null
  const encoding = /[_-]/.test(text)
    ? { kind: 'mac-base64url', how: 'in base64url' }
    : (text.length + padding.length) % 4 !== 0
      ? { kind: 'mac-padding', how: 'without its padding' }
      : null
  const nested = { kind: 'mac-hex', how: 'in hexadecimal, and that in base64' }
  return (hex === null ? null : ofHash(hex, nested)) ?? ofHash(bytes, encoding)
}

function ofHash(bytes: Buffer, encoding: ReadMac['encoding']): ReadMac | null {
  const hash = HASH_OF_LENGTH[bytes.length]
  return hash === undefined ? null : { hash, bytes, encoding }
}
