import { given, nearest } from '../option-names.ts'
import { forbiddenCharacter, nameCharacter } from '../protocol/characters.ts'
import { MAX_ID_LENGTH } from '../protocol/parameters.ts'
import {
  MAC_ALGORITHMS,
  type MacAlgorithm,
  type PreparedKey,
  prepareKey,
} from '../protocol/signature.ts'

/** The credential that a client signs with (draft §2). The result of `createCredential` is one. */
export interface ClientCredential {
  /** The MAC key identifier. */
  readonly id: string
  /** The MAC key. Its characters are the bytes of the key: it is *not* decoded, even if it looks like base64. */
  readonly key: string
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
}

/** A checked credential, ready to sign with. */
export interface SigningCredential {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  readonly computeMac: PreparedKey
}

/**
 * Checks a credential.
 * @throws TypeError if it is not valid. The message never contains the key.
 */
export function readCredential(credential: ClientCredential): SigningCredential {
  if (typeof credential !== 'object' || credential === null || credential instanceof Promise) {
    throw new TypeError(
      `withmac: the credential must be an object with id and key, not ${given(credential, true)}.`,
    )
  }
  const { id, key, algorithm = 'hmac-sha-256' } = credential
  checkIdOrKey('id', id)
  if (id.length > MAX_ID_LENGTH) {
    throw new TypeError(`withmac: credential.id has more than ${MAX_ID_LENGTH} characters.`)
  }
  checkIdOrKey('key', key)
  if (credential.algorithm === undefined) checkNoOtherAlgorithm(credential)
  if (!MAC_ALGORITHMS.includes(algorithm)) {
    const known = MAC_ALGORITHMS.join(' or ')
    throw new TypeError(
      `withmac: credential.algorithm must be ${known}, not ${JSON.stringify(algorithm)}.`,
    )
  }
  return { id, key, algorithm, computeMac: prepareKey(algorithm, key) }
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
