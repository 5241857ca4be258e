import { createHash } from 'node:crypto'
import type { MacAlgorithm } from '../protocol/signature.ts'
import { type Candidate, type Found, type Hash, type Row, table } from './search.ts'

/** The bytes of a key, each as one character. */
export function bytesOf(key: string | Buffer): string {
  return (typeof key === 'string' ? Buffer.from(key) : key).toString('latin1')
}

/** What stands around a key that was copied or read from a file: the kind, its rank, its name, before and after. */
const AROUND: readonly (readonly [string, number, string, string, string])[] = [
  ['key-newline', 1, 'a line break, LF, after it', '', '\n'],
  ['key-newline', 2, 'a line break, CR LF, after it', '', '\r\n'],
  ['key-newline', 3, 'a line break, LF, before it', '\n', ''],
  ['key-newline', 3, 'a carriage return after it', '', '\r'],
  ['key-newline', 3, 'a backslash and an n after it', '', '\\n'],
  ['key-space', 2, 'a space after it', '', ' '],
  ['key-space', 2, 'a space before it', ' ', ''],
  ['key-space', 3, 'a space before and after it', ' ', ' '],
  ['key-space', 3, 'a tab after it', '', '\t'],
  ['key-space', 3, 'a space and a line feed after it', '', ' \n'],
  ['key-space', 3, 'a no-break space after it', '', '\u00a0'],
  ['key-space', 3, 'a no-break space before it', '\u00a0', ''],
  ['key-mark', 2, 'a byte order mark (BOM) before it', '\ufeff', ''],
  ['key-mark', 3, 'a byte order mark (BOM) before it and a line break after it', '\ufeff', '\n'],
  ['key-mark', 3, 'a byte order mark (BOM) before it and a line break after it', '\ufeff', '\r\n'],
  ['key-mark', 3, 'a zero-width space before it', '\u200b', ''],
  ['key-mark', 3, 'a zero-width space after it', '', '\u200b'],
  ['key-mark', 3, 'a NUL after it', '', '\0'],
  ['key-mark', 3, 'a semicolon after it', '', ';'],
  ['key-mark', 3, 'a comma after it', '', ','],
  ['key-mark', 3, 'a full stop after it', '', '.'],
  ['key-quoted', 2, 'double quotes around it', '"', '"'],
  ['key-quoted', 2, 'single quotes around it', "'", "'"],
  ['key-quoted', 3, 'backquotes around it', '`', '`'],
  ['key-quoted', 3, 'typographic quotes around it', '\u201c', '\u201d'],
  ['key-quoted', 3, "b'…' around it, as Python writes bytes", "b'", "'"],
  ['key-quoted', 3, 'angle brackets around it', '<', '>'],
  ['key-quoted', 3, 'double quotes around it and a line feed after it', '"', '"\n'],
  ['key-quoted', 3, 'double quotes around it and a line break, CR LF, after it', '"', '"\r\n'],
  ['key-quoted', 3, 'a byte order mark (BOM) and double quotes around it', '\ufeff"', '"'],
]

/** Returns other bytes that a client may have used as the key. */
export function keyMistakes(id: string, key: string): Candidate[] {
  const encoded = (encoding: BufferEncoding) => Buffer.from(key).toString(encoding)
  /** The key itself, if it is not in this encoding. */
  const decoded = (encoding: BufferEncoding, form: RegExp) =>
    form.test(key) ? Buffer.from(key, encoding) : key
  const hashed = createHash('sha256').update(key).digest()
  const rows: Row<string | Buffer>[] = [
    ['key-base64', 1, 'decoded from base64', decoded('base64', /^[A-Za-z0-9+/]+={0,2}$/)],
    ['key-base64url', 1, 'decoded from base64url', decoded('base64url', /^[\w-]+={0,2}$/)],
    ['key-hex', 1, 'decoded from hexadecimal', decoded('hex', HEX)],
    ...AROUND.map(([kind, rank, what, before, after]): Row<string> => {
      return [kind, rank, `with ${what}`, before + key + after]
    }),
    ['key-trimmed', 2, 'without the white space around it', key.trim()],
    ['key-trimmed', 3, 'without the "=" at its end', key.replace(/=+$/, '')],
    ['key-quoted', 3, 'without the quotes around it', key.replace(/^(["'`])(.+)\1$/s, '$2')],
    ['key-encoded', 3, 'with "+" and "/" for "-" and "_"', standardBase64(key)],
    ['key-encoded', 3, 'with "-" and "_" for "+" and "/"', urlSafeBase64(key)],
    ['key-encoded', 2, 'encoded in base64', encoded('base64')],
    ['key-encoded', 3, 'encoded in base64, with a line feed after it', `${encoded('base64')}\n`],
    ['key-encoded', 3, 'encoded in base64url', encoded('base64url')],
    ['key-encoded', 3, 'encoded in hexadecimal', encoded('hex')],
    ['key-encoded', 3, 'percent-encoded', encodeURIComponent(key)],
    [
      'key-encoded',
      3,
      'encoded as a form is',
      String(new URLSearchParams([[key, '']])).slice(0, -1),
    ],
    ['key-encoded', 3, 'hashed with SHA-256', hashed],
    ['key-encoded', 3, 'hashed with SHA-256, in hexadecimal', hashed.toString('hex')],
    ['key-encoded', 3, 'hashed with SHA-256, in base64', hashed.toString('base64')],
    ['key-encoded', 3, 'in UTF-16', Buffer.from(key, 'utf16le')],
    ['key-case', 3, 'in lower case', key.toLowerCase()],
    ['key-case', 3, 'in upper case', key.toUpperCase()],
    ['key-is-id', 2, 'identifier instead of the key', id],
    ['key-empty', 2, 'as an empty string', ''],
    ...['undefined', 'null', 'None', 'nil'].map(
      (word): Row<string> => ['key-empty', 3, `as the word ${word}`, word],
    ),
  ]
  const change =
    'Let the client use the characters of the key as bytes, and no others, without decoding or changing them.'
  return table('used the key', rows, (form) => ({ key: bytesOf(form) }), change)
}

function standardBase64(key: string): string {
  return key.replaceAll('-', '+').replaceAll('_', '/')
}

function urlSafeBase64(key: string): string {
  return key.replaceAll('+', '-').replaceAll('/', '_')
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
  const bare = sent.replace(/^b'(.*)'$/, '$1')
  const unescaped = bare.replace(/%(2B|2F|3D)/gi, (code) => decodeURIComponent(code))
  const inside = BASE64.test(unescaped) ? Buffer.from(unescaped, 'base64') : Buffer.alloc(0)
  const nested = inside.toString('latin1')
  const readings: [kind: string, how: string, isSo: boolean, bytes: Buffer][] = [
    ['mac-hex', 'in hexadecimal', HEX.test(bare), Buffer.from(bare, 'hex')],
    ['mac-hex', 'in hexadecimal, and that in base64', HEX.test(nested), Buffer.from(nested, 'hex')],
    ['mac-escaped', 'percent-encoded', unescaped !== bare, inside],
    ['mac-escaped', "in b'…', as Python writes bytes", bare !== sent, inside],
    ['', 'in base64 or base64url', true, inside],
  ]
  const read = readings.find(([, , isSo, bytes]) => isSo && HASHES[bytes.length] !== undefined)
  if (read === undefined) return null
  const [kind, how, , bytes] = read
  const [hash, name] = HASHES[bytes.length] as [Hash, string]
  const mistakes: Found[] = []
  if (kind !== '') {
    const change = 'Let the client send the MAC in base64, as the bytes of the HMAC.'
    mistakes.push({ kind, side: 'client', did: `sent the MAC ${how}`, change })
  }
  if (name !== algorithm) {
    const did = `used ${name} instead of ${algorithm}`
    const change = `Let the client use ${algorithm}.`
    mistakes.push({ kind: 'algorithm', side: 'client', did, change })
  }
  return { hash, mac: bytes.toString('base64'), mistakes }
}
