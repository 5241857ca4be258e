import { given, nearest } from '../option-names.ts'
import { forbiddenCharacter, nameCharacter } from '../protocol/characters.ts'
import { MAX_ID_LENGTH } from '../protocol/parameters.ts'
import { MAC_ALGORITHMS, type MacAlgorithm } from '../protocol/signature.ts'
import { type CryptoKeyLike, type MacFunction, macFunction } from './crypto.ts'

/** The credential that a client signs with (draft §2). The result of `createCredential` is one. */
export interface ClientCredential {
  /** The MAC key identifier. */
  readonly id: string
  /** The MAC key. Its characters are the bytes of the key: it is *not* decoded, even if it looks like base64. */
  readonly key: string
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
}

/**
 * A credential whose key is in the hands of WebCrypto. If that key is not extractable, no script can read it: see
 * `docs/browsers.md`.
 */
export interface CryptoKeyCredential {
  /** The MAC key identifier. */
  readonly id: string
  /** A key for HMAC with SHA-256 or SHA-1, with the usage `sign`. */
  readonly key: CryptoKeyLike
  /** Default: that of the key. */
  readonly algorithm?: MacAlgorithm | undefined
}

/** A checked credential. */
interface CheckedCredential {
  readonly id: string
  readonly key: string | CryptoKeyLike
  readonly algorithm: MacAlgorithm
}

/** A checked credential, ready to sign with. */
export interface SigningCredential {
  readonly id: string
  readonly computeMac: MacFunction
}

/**
 * Checks a credential, and prepares its key.
 * @throws TypeError if it is not valid. The message never contains the key.
 */
export function signingCredential(
  credential: ClientCredential | CryptoKeyCredential,
): SigningCredential {
  const { id, key, algorithm } = readCredential(credential)
  return { id, computeMac: macFunction(algorithm, key) }
}

/**
 * Checks a credential.
 * @throws TypeError if it is not valid. The message never contains the key.
 */
export function readCredential(
  credential: ClientCredential | CryptoKeyCredential,
): CheckedCredential {
  if (typeof credential !== 'object' || credential === null || credential instanceof Promise) {
    throw new TypeError(
      `withmac: the credential must be an object with id and key, not ${given(credential, true)}.`,
    )
  }
  const { id, key } = credential
  checkIdOrKey('id', id)
  if (id.length > MAX_ID_LENGTH) {
    throw new TypeError(`withmac: credential.id has more than ${MAX_ID_LENGTH} characters.`)
  }
  const ofKey = isCryptoKey(key) ? algorithmOf(key) : null
  if (ofKey === null) checkIdOrKey('key', key)
  if (credential.algorithm === undefined) checkNoOtherAlgorithm(credential)
  const algorithm = credential.algorithm ?? ofKey ?? 'hmac-sha-256'
  const known = ofKey === null ? MAC_ALGORITHMS : [ofKey]
  if (!known.includes(algorithm)) {
    throw new TypeError(
      `withmac: credential.algorithm must be ${known.join(' or ')}, not ${JSON.stringify(algorithm)}.`,
    )
  }
  return { id, key, algorithm }
}

/** Not by instanceof: in test runners, classes may be of another realm, and Node 18 has no global class. */
function isCryptoKey(key: string | CryptoKeyLike): key is CryptoKeyLike {
  return Object.prototype.toString.call(key) === '[object CryptoKey]'
}

/** Returns the MAC algorithm of a key of WebCrypto. */
function algorithmOf({ algorithm, usages }: CryptoKeyLike): MacAlgorithm {
  const { name, hash } = algorithm as Partial<HmacKeyAlgorithm>
  const found = MAC_ALGORITHMS.find((each) => each === `hmac-${hash?.name.toLowerCase()}`)
  if (name === 'HMAC' && found !== undefined && usages.includes('sign')) return found
  throw new TypeError(
    'withmac: credential.key must be a CryptoKey for HMAC with SHA-256 or SHA-1, with the usage sign.',
  )
}

/** A credential may have more fields, as a row of a database does, but no misspelled `algorithm`. */
function checkNoOtherAlgorithm(credential: object): void {
  for (const name of Object.keys(credential)) {
    if (name === 'algorithm' || nearest(name, ['algorithm'], 2) === null) continue
    throw new TypeError(
      `withmac: the credential has ${JSON.stringify(name)}, which withmac does not know: did you mean algorithm?`,
    )
  }
}

function checkIdOrKey(name: 'id' | 'key', value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(
      `withmac: credential.${name} must be a string that is not empty, not ${given(value, true)}.`,
    )
  }
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  // No character of the key is shown.
  const shown = name === 'id' ? nameCharacter(forbidden) : 'a character'
  throw new TypeError(
    `withmac: credential.${name} holds ${shown} that is not allowed: ` +
      'it must be printable ASCII without " and \\ (draft §3.1).',
  )
}
