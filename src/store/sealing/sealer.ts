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

/** Whose key it is: a sealed one can be opened for this alone. */
export interface KeyPlace {
  /** The MAC key identifier. */
  readonly id: string
  /** Which of the credential's keys. */
  readonly number: number
  readonly algorithm: MacAlgorithm
}

/** A key as it stands in the database. */
export interface WrittenKey {
  readonly text: string
  /** The key id of what sealed it; `null` if it is as it was made. */
  readonly by: string | null
}

/** What stands between keys and the database. */
export interface KeySealer {
  /** The key id of what seals new keys; `null` if they are written as they are. */
  readonly current: string | null
  /** The key ids of all that it can open, the current one first. */
  readonly ids: readonly string[]
  seal(key: string, place: KeyPlace): WrittenKey
  /** @throws {@link MacError} `ERR_MAC_SEALED` if it cannot be opened. */
  open(sealed: WrittenKey & { readonly by: string }, place: KeyPlace): string
  /** Does the work of opening a key if there is none: how long it takes must not tell that. */
  openNone(): void
}

/** Writes keys as they are. */
export const UNSEALED: KeySealer = sealerOf([])

/**
 * Reads sealing keys. A text may hold several of them, with commas or white space between them.
 * @throws TypeError that says what is wrong, and shows nothing of a key.
 */
export function readSealer(value: unknown): KeySealer {
  const texts = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  const keys = texts.flatMap((text) => {
    if (typeof text !== 'string') {
      throw new TypeError('must be a string, a list of strings, or a function that gives them')
    }
    const written = text.split(/[\s,]+/).filter((each) => each !== '')
    if (written.length === 0) throw new TypeError('holds no key, where one was to be')
    return written.map(readSealingKey)
  })
  if (keys.length === 0) throw new TypeError('is an empty list: null is for no sealing key')
  return sealerOf(keys)
}

/** What {@link KeySealer.openNone} opens: a key as long as those that withmac makes. */
const NOWHERE: KeyPlace = { id: '', number: 0, algorithm: 'hmac-sha-256' }
const NOTHING = 'x'.repeat(43)

/** Seals with the first of several keys, and opens with each. Without any, keys are written as they are. */
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
            'option sealingKey, behind the one that seals.'
          : `cannot be opened: what is written in its place is not what the sealing key ${by} sealed there. ` +
            'It was changed, or moved there from elsewhere. rotateCredential with graceSeconds: 0 gives the ' +
            'credential a new key; a backup has the row as it was.'
      throw new MacError('ERR_MAC_SEALED', `${which} ${why}`)
    },
    openNone() {
      if (first !== undefined) openText(first.secret, nothing, NOWHERE)
    },
  })
}

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
function sealText(secret: KeyObject, text: string, place: KeyPlace): string {
  const iv = randomBytes(IV)
  const cipher = createCipheriv(CIPHER, secret, iv, { authTagLength: TAG })
  cipher.setAAD(bound(place))
  const sealed = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return VERSION + Buffer.concat(sealed).toString('base64url')
}

/** What a sealed text holds; `null` if it was changed, or sealed for another place or by another key. */
function openText(secret: KeyObject, sealed: string, place: KeyPlace): string | null {
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

/**
 * A key that seals MAC keys.
 * @internal
 */
interface SealingKey {
  /** What the database knows it by: see {@link readSealingKey}. */
  readonly id: string
  /** Not its bytes: what is logged by mistake shows none of them. */
  readonly secret: KeyObject
}

/** The length of a sealing key, in bytes. */
const BYTES = 32

/**
 * Reads a sealing key: 32 bytes, as base64 or base64url.
 *
 * Its key id is the first 64 bits of an HMAC-SHA-256 by the key itself, over a text that is always the
 * same. Such an output tells nothing of its key: short of trying all 2^256 keys, nobody gets from the one
 * to the other. So the id can stand in the database, in messages and in logs.
 *
 * @throws TypeError that says what is wrong, and shows nothing of the text.
 * @internal Its declaration would ask for the types of Node.
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
  if (bytes.length !== BYTES) throw wrong(`comes to ${bytes.length} bytes`)
  // A last character with bits that are in no byte, or more = than there can be: some of it was lost.
  const written = bytes.toString(encoding).replace(/=+$/, '')
  if (written !== digits || text.length - digits.length > 1) throw wrong('was cut, or is mistyped')
  return bytes
}

function wrong(what: string): TypeError {
  return new TypeError(
    `a sealing key ${what}. It must be ${BYTES} random bytes as base64 or base64url: openssl rand -base64 ${BYTES} makes one`,
  )
}
