import { given, nearest } from '../option-names.ts'
import { MAX_ID_LENGTH } from '../protocol/parameters.ts'
import {
  MAC_ALGORITHMS,
  type MacAlgorithm,
  type PreparedKey,
  prepareKey,
} from '../protocol/signature.ts'
import { forbiddenCharacter, nameCharacter } from '../protocol/text.ts'

/** What a client signs with (draft §2): what `createCredential` returned will do as it is. */
export interface ClientCredential {
  /** The MAC key identifier. */
  readonly id: string
  /** The MAC key, used as the bytes it is written with: it is *not* decoded, whatever it looks like. */
  readonly key: string
  /** Default: `hmac-sha-256`. */
  readonly algorithm?: MacAlgorithm | undefined
}

/** A credential that was checked, ready to sign with. */
export interface Signer {
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  /** Computes the MAC of a text. */
  readonly mac: PreparedKey
}

/** @throws TypeError that names what is wrong with the credential, and never shows its key. */
export function readCredential(credential: ClientCredential): Signer {
  if (typeof credential !== 'object' || credential === null || credential instanceof Promise) {
    throw new TypeError(
      `withmac: the credential must be an object with id and key, not ${given(credential, true)}.`,
    )
  }
  const { id, key, algorithm = 'hmac-sha-256' } = credential
  checkText('id', id)
  if (id.length > MAX_ID_LENGTH) {
    throw new TypeError(`withmac: credential.id has more than ${MAX_ID_LENGTH} characters.`)
  }
  checkText('key', key)
  if (credential.algorithm === undefined) checkNoOtherAlgorithm(credential)
  if (!MAC_ALGORITHMS.includes(algorithm)) {
    const known = MAC_ALGORITHMS.join(' or ')
    throw new TypeError(
      `withmac: credential.algorithm must be ${known}, not ${JSON.stringify(algorithm)}.`,
    )
  }
  return { id, key, algorithm, mac: prepareKey(algorithm, key) }
}

/** A row of a database may have more fields, but none that was meant to say what to sign with. */
function checkNoOtherAlgorithm(credential: object): void {
  for (const name of Object.keys(credential)) {
    if (name === 'algorithm' || nearest(name, ['algorithm'], 2) === null) continue
    throw new TypeError(
      `withmac: the credential has ${JSON.stringify(name)}, which is not heeded: did you mean algorithm?`,
    )
  }
}

function checkText(name: 'id' | 'key', value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(
      `withmac: credential.${name} must be a string that is not empty, not ${given(value, true)}.`,
    )
  }
  const forbidden = forbiddenCharacter(value)
  if (forbidden === null) return
  // A character of the key says little, but it is the key's.
  const shown = name === 'id' ? nameCharacter(forbidden) : 'a character'
  throw new TypeError(
    `withmac: credential.${name} holds ${shown} that a credential cannot have: ` +
      'it is printable ASCII without " and \\ (draft §3.1).',
  )
}
