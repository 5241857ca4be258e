import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** A key that seals MAC keys. */
export interface SealingKey {
  /** What the database knows it by: see {@link readSealingKey}. */
  readonly id: string
  /** Not its bytes: what is logged by mistake shows none of them. */
  readonly secret: KeyObject
}

/** The length of a sealing key, in bytes. */
const BYTES = 32
/** How many hexadecimal digits a key id has. */
const ID_DIGITS = 16
const ID_LABEL = 'withmac-sealing-key-id-1'

/**
 * Reads a sealing key: 32 bytes, as base64 or base64url.
 *
 * Its key id is the first 64 bits of an HMAC-SHA-256 by the key itself, over a text that is always the
 * same. Such an output tells nothing of its key: short of trying all 2^256 keys, nobody gets from the one
 * to the other. So the id can stand in the database, in messages and in logs.
 *
 * @throws TypeError that says what is wrong, and shows nothing of the text.
 */
export function readSealingKey(text: string): SealingKey {
  const secret = createSecretKey(bytesOf(text))
  const id = createHmac('sha256', secret).update(ID_LABEL).digest('hex').slice(0, ID_DIGITS)
  return { id, secret }
}

function bytesOf(text: string): Buffer {
  const digits = text.replace(/=+$/, '')
  const isBase64 = /^[A-Za-z0-9+/]+$/.test(digits)
  if (!isBase64 && !/^[A-Za-z0-9_-]+$/.test(digits)) {
    throw wrong('has a character that is in neither base64 nor base64url')
  }
  if (/^[0-9a-f]{64}$/i.test(digits)) throw wrong('is written in hexadecimal digits')
  const bytes = Buffer.from(digits, isBase64 ? 'base64' : 'base64url')
  if (bytes.length !== BYTES) throw wrong(`comes to ${bytes.length} bytes`)
  // A last character with bits that are in no byte, or more = than there can be: some of it was lost.
  const written = bytes.toString(isBase64 ? 'base64' : 'base64url').replace(/=+$/, '')
  if (written !== digits || text.length - digits.length > 1) throw wrong('was cut, or is mistyped')
  return bytes
}

function wrong(what: string): TypeError {
  return new TypeError(
    `a sealing key ${what}. It must be ${BYTES} random bytes as base64 or base64url: openssl rand -base64 ${BYTES} makes one`,
  )
}
