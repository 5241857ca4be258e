import type { MacAlgorithm } from '../protocol/signature.ts'
import { type Candidate, type Found, type Hash, type Row, table } from './search.ts'

/** The bytes of a key, each as one character. */
export function bytesOf(key: string | Buffer): string {
  return (typeof key === 'string' ? Buffer.from(key) : key).toString('latin1')
}

/** Returns other bytes that a client may have used as the key. */
export function keyMistakes(id: string, key: string): Candidate[] {
  const encoded = (encoding: BufferEncoding) => Buffer.from(key).toString(encoding)
  /** The key itself, if it is not in this encoding. */
  const decoded = (encoding: BufferEncoding, form: RegExp) =>
    form.test(key) ? Buffer.from(key, encoding) : key
  const rows: Row<string | Buffer>[] = [
    ['key-base64', 1, 'decoded from base64', decoded('base64', /^[A-Za-z0-9+/]+={0,2}$/)],
    ['key-base64url', 1, 'decoded from base64url', decoded('base64url', /^[\w-]+={0,2}$/)],
    ['key-hex', 1, 'decoded from hexadecimal', decoded('hex', HEX)],
    ['key-newline', 1, 'with a line feed after it', `${key}\n`],
    ['key-newline', 2, 'with a line break (CR LF) after it', `${key}\r\n`],
    ['key-space', 3, 'with a space after it', `${key} `],
    ['key-trimmed', 2, 'without the white space around it', key.trim()],
    ['key-encoded', 2, 'encoded in base64', encoded('base64')],
    ['key-encoded', 3, 'encoded in base64url', encoded('base64url')],
    ['key-encoded', 3, 'encoded in hexadecimal', encoded('hex')],
    ['key-quoted', 2, 'in double quotes', `"${key}"`],
    ['key-quoted', 3, 'in single quotes', `'${key}'`],
    ['key-case', 3, 'in lower case', key.toLowerCase()],
    ['key-case', 3, 'in upper case', key.toUpperCase()],
    ['key-is-id', 2, 'identifier instead of the key', id],
    ['key-empty', 2, 'as an empty string', ''],
  ]
  const change =
    'Let the client use the characters of the key as bytes, without decoding or changing them.'
  return table('used the key', rows, (form) => ({ key: bytesOf(form) }), change)
}

const HEX = /^(?:[0-9A-Fa-f]{2})+$/
/** The standard or the URL-safe alphabet, with or without padding. */
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/

/** A MAC, as it was sent. */
export interface SentMac {
  readonly hash: Hash
  /** The MAC in base64 with padding, as the client should have sent it. */
  readonly mac: string
  /** Mistakes that show in the MAC itself. They need no search. */
  readonly mistakes: readonly Found[]
}

/** For each length of a MAC in bytes: its hash, and the name of its algorithm. */
const HASHES: Readonly<Record<number, readonly [Hash, string]>> = {
  20: ['sha1', 'hmac-sha-1'],
  32: ['sha256', 'hmac-sha-256'],
  48: ['sha384', 'HMAC with SHA-384'],
  64: ['sha512', 'HMAC with SHA-512'],
}

/**
 * Reads a MAC in the encodings that clients use. Its length shows which hash the client used.
 *
 * @returns `null` if the length does not fit any hash in any encoding.
 */
export function readMac(sent: string, algorithm: MacAlgorithm): SentMac | null {
  const inside = BASE64.test(sent) ? Buffer.from(sent, 'base64') : Buffer.alloc(0)
  const nested = inside.toString('latin1')
  const readings: [kind: string, how: string, isSo: boolean, bytes: Buffer][] = [
    ['mac-hex', 'in hexadecimal', HEX.test(sent), Buffer.from(sent, 'hex')],
    ['mac-hex', 'in hexadecimal, and that in base64', HEX.test(nested), Buffer.from(nested, 'hex')],
    ['mac-base64url', 'in base64url', /[_-]/.test(sent), inside],
    ['mac-padding', 'without its padding', sent.length % 4 !== 0, inside],
    ['', 'in base64', true, inside],
  ]
  const read = readings.find(([, , isSo, bytes]) => isSo && HASHES[bytes.length] !== undefined)
  if (read === undefined) return null
  const [kind, how, , bytes] = read
  const [hash, name] = HASHES[bytes.length] as [Hash, string]
  const mistakes: Found[] = []
  if (kind !== '') {
    const change = 'Let the client send the MAC in base64, with the standard alphabet and padding.'
    mistakes.push({ kind, side: 'client', did: `sent the MAC ${how}`, change })
  }
  if (name !== algorithm) {
    const did = `used ${name} instead of ${algorithm}`
    const change = `Let the client use ${algorithm}.`
    mistakes.push({ kind: 'algorithm', side: 'client', did, change })
  }
  return { hash, mac: bytes.toString('base64'), mistakes }
}
