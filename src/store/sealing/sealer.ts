import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { MacError } from '../../errors.ts'
import type { MacAlgorithm } from '../../protocol/signature.ts'

/**
 * The place of a key: credential, key number and algorithm. A sealed key can be opened only for its own
 * place.
 */
export interface KeyPlace {
  /** The MAC key identifier. */
  readonly id: string
  /** The number of the key. */
  readonly number: number
  readonly algorithm: MacAlgorithm
}

/** A key in the form in which the database stores it. */
export interface WrittenKey {
  readonly text: string
  /** The key id of the sealing key that sealed it; `null` if it is not sealed. */
  readonly by: string | null
}

/** Seals keys before they are written to the database, and opens them. */
export interface KeySealer {
  /** The key id of the sealing key that seals new keys; `null` if keys are not sealed. */
  readonly current: string | null
  /** The key ids of all sealing keys, the current one first. */
  readonly ids: readonly string[]
  seal(key: string, place: KeyPlace): WrittenKey
  /** @throws {@link MacError} `ERR_MAC_SEALED` if the key cannot be opened. */
  open(sealed: WrittenKey & { readonly by: string }, place: KeyPlace): string
  /** Does the work of opening a key when there is none to open, so that timing does not reveal that. */
  openNone(): void
}

/** A sealer without sealing keys: keys are not sealed. */
export const UNSEALED: KeySealer = sealerOf([])

/**
 * Reads sealing keys. A text may contain several, separated by commas or white space.
 * @throws TypeError that says what is wrong, and shows no part of a key.
 */
export function readSealer(value: unknown): KeySealer {
  const texts = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const keys = texts.flatMap((text) => {
    if (typeof text !== 'string') {
      throw new TypeError('must be a string, a list of strings, or a function that returns them')
    }
    const written = text.split(/[\s,]+/).filter((each) => each !== '')
    if (written.length === 0) throw new TypeError('has an empty text instead of a key')
    return written.map(readSealingKey)
  })
  if (keys.length === 0) throw new TypeError('is an empty list: pass null for no sealing key')
  return sealerOf(keys)
}

/** The key that {@link KeySealer.openNone} opens. It is as long as a random key. */
const NOWHERE: KeyPlace = { id: '', number: 0, algorithm: 'hmac-sha-256' }
const NOTHING = 'x'.repeat(43)

/**
 * Returns a sealer that seals with the first key, and opens with any of them. Without keys, it does not
 * seal.
 */
function sealerOf(keys: readonly SealingKey[]): KeySealer {
  const [first] = keys
  const secrets = new Map(keys.map(({ id, secret }) => [id, secret]))
  const nothing = first === undefined ? '' : sealText(first.secret, NOTHING, NOWHERE)
  return Object.freeze<KeySealer>({
    current: first?.id ?? null,
    ids: [...secrets.keys()],
    seal(key, place) {
      if (first === undefined) return { text: key, by: null }
      return { text: sealText(first.secret, key, place), by: first.id }
    },
    open({ text, by }, place) {
      const secret = secrets.get(by)
      const key = secret === undefined ? null : openText(secret, text, place)
      if (key !== null) return key
      const which = `Key ${place.number} of credential ${JSON.stringify(place.id)}`
      const why =
        secret === undefined
          ? `is sealed by the sealing key ${by}, which was not given. Add it to MAC_SEALING_KEY or to the ` +
            'option sealingKey, after the key that seals.'
          : `cannot be opened: its column does not contain what the sealing key ${by} sealed for it. It was ` +
            'changed, or copied from another row. To give the credential a new key, call rotateCredential ' +
            'with graceSeconds: 0. Or restore the row from a backup.'
      throw new MacError('ERR_MAC_SEALED', `${which} ${why}`)
    },
    openNone() {
      if (first !== undefined) openText(first.secret, nothing, NOWHERE)
    },
  })
}

const CIPHER = 'aes-256-gcm'
/** The start of a sealed text. It does *not* show that a text is sealed: the column beside it does. */
const VERSION = 'v1.'
/** Distinguishes these texts from anything else that the same key may be used for. */
const LABEL = 'withmac-sealed-key-1'
/** The length of an IV: 96 bits, random for each sealing. */
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals a key with AES-256-GCM. Returns `v1.` and the base64url of IV, ciphertext and tag. The result can be
 * opened only for this place. It reveals the length of the key, but not whether two texts contain the same
 * key.
 *
 * An IV must not be used twice with one sealing key. Random IVs are safe for about 4 billion sealings (NIST
 * SP 800-38D §8.3).
 */
function sealText(secret: KeyObject, text: string, place: KeyPlace): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound(place))
  const sealed = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return VERSION + Buffer.concat(sealed).toString('base64url')
}

/** Opens a sealed text; returns `null` if it was changed, or sealed for another place or by another key. */
function openText(secret: KeyObject, sealed: string, place: KeyPlace): string | null {
  if (!sealed.startsWith(VERSION)) return null
  const bytes = Buffer.from(sealed.slice(VERSION.length), 'base64url')
  if (bytes.length <= IV_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(bound(place))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES))
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** The associated data. It is JSON, so it differs for any two places. */
function bound({ id, number, algorithm }: KeyPlace): Buffer {
  return Buffer.from(JSON.stringify([LABEL, id, number, algorithm]), 'utf8')
}

/**
 * A key that seals MAC keys.
 * @internal
 */
interface SealingKey {
  /** The key id, which the database stores: see {@link readSealingKey}. */
  readonly id: string
  /** A KeyObject, not bytes: if it is logged by mistake, the key is not shown. */
  readonly secret: KeyObject
}

/** The length of a sealing key. */
const SEALING_KEY_BYTES = 32

/**
 * Reads a sealing key: 32 bytes, as base64 or base64url.
 *
 * Its key id is the first 64 bits of an HMAC-SHA-256 over a fixed text, with the sealing key as the key. It
 * reveals nothing about the sealing key, so it may be in the database, in messages and in logs.
 *
 * @throws TypeError that says what is wrong, and shows no part of the text.
 * @internal Its declaration would need the types of Node.
 */
export function readSealingKey(text: string): SealingKey {
  const secret = createSecretKey(bytesOf(text))
  const hmac = createHmac('sha256', secret).update('withmac-sealing-key-id-1').digest('hex')
  return { id: hmac.slice(0, 16), secret }
}

function bytesOf(text: string): Buffer {
  const digits = text.replace(/=+$/, '')
  const isBase64 = /^[A-Za-z0-9+/]+$/.test(digits)
  if (!isBase64 && !/^[A-Za-z0-9_-]+$/.test(digits)) {
    throw wrong('has a character that is in neither base64 nor base64url')
  }
  if (/^[0-9a-f]{64}$/i.test(digits)) throw wrong('is written in hexadecimal digits')
  const encoding = isBase64 ? 'base64' : 'base64url'
  const bytes = Buffer.from(digits, encoding)
  if (bytes.length !== SEALING_KEY_BYTES) throw wrong(`has ${bytes.length} bytes`)
  // The last character has bits that belong to no byte, or there are too many "=".
  const written = bytes.toString(encoding).replace(/=+$/, '')
  if (written !== digits || text.length - digits.length > 1) throw wrong('was cut, or is mistyped')
  return bytes
}

function wrong(what: string): TypeError {
  return new TypeError(
    `a sealing key ${what}. It must be ${SEALING_KEY_BYTES} random bytes as base64 or base64url. To create one: openssl rand -base64 ${SEALING_KEY_BYTES}`,
  )
}
