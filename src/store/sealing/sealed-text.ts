import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import type { KeyPlace } from './key-sealer.ts'

const CIPHER = 'aes-256-gcm'
/** How a sealed text begins. Only the column beside it says that it is one. */
const VERSION = 'v1.'
/** Tells what is sealed here from all else that the same key might ever seal. */
const LABEL = 'withmac-sealed-key-1'
/** The length of an IV, in bytes: 96 bits, drawn at random for each sealing. */
const IV = 12
/** The length of a tag, in bytes. */
const TAG = 16

/**
 * Seals a key by AES-256-GCM: `v1.`, and the base64url of IV, ciphertext and tag. It can be opened for
 * this place alone. Of a text of the same length nobody can tell whether it holds the same key.
 *
 * An IV must not come twice under one sealing key. Drawn at random, that is as good as certain for four
 * thousand million sealings (NIST SP 800-38D §8.3).
 */
export function sealText(secret: KeyObject, text: string, place: KeyPlace): string {
  const iv = randomBytes(IV)
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG })
  cipher.setAAD(bound(place))
  const sealed = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return VERSION + Buffer.concat(sealed).toString('base64url')
}

/** What a sealed text holds; `null` where it was changed, or sealed for another place or by another key. */
export function openText(secret: KeyObject, sealed: string, place: KeyPlace): string | null {
  if (!sealed.startsWith(VERSION)) return null
  const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url')
  if (bytes.length <= IV + TAG) return null
  const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, IV), { authTagLength: TAG })
  decipher.setAAD(bound(place))
  decipher.setAuthTag(bytes.subarray(-TAG))
  const text = decipher.update(bytes.subarray(IV, -TAG))
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** The associated data: as JSON, no two places come to the same. */
function bound({ id, number, algorithm }: KeyPlace): Buffer {
  return Buffer.from(JSON.stringify([LABEL, id, number, algorithm]), 'utf8')
}
