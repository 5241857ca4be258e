import { randomBytes } from 'node:crypto'
import { MacError } from '../errors.ts'
import { macsAreEqual } from '../protocol/algorithm.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { prepareKey } from '../protocol/prepared-key.ts'
import type { CredentialStore, StoredCredential } from '../store/store.ts'
import type { KnownCredential, KnownCredentials } from './known-credentials.ts'

/** Stands in for the credential that an unknown identifier lacks, so that the work is the same. */
const DECOY: Pick<StoredCredential, 'algorithm' | 'key'> = {
  algorithm: 'hmac-sha-256',
  key: randomBytes(32).toString('base64url'),
}
const DECOY_KEY = prepareKey(DECOY.algorithm, DECOY.key)

/**
 * The credential whose key made the MAC, if it is remembered; `null` refuses nobody. A MAC is
 * computed also where none is remembered: how long this takes must not tell which identifiers are.
 *
 * @param text The normalized request string.
 */
export function recognise(
  sent: MacAuthorization,
  text: string,
  known: KnownCredentials,
): KnownCredential | null {
  const found = known.get(sent.id)
  const right = macsAreEqual(sent.mac, (found?.key ?? DECOY_KEY)(text))
  return right && found !== undefined ? found : null
}

/**
 * The credential whose key made the MAC, as the store has it now; from here on it is remembered. All
 * ways to fail do the same work, and look the same from outside.
 *
 * @param text The normalized request string.
 * @throws {@link MacError} `ERR_MAC_UNKNOWN_IDENTIFIER`, `ERR_MAC_MISMATCH`, `ERR_MAC_REVOKED`;
 *   `ERR_MAC_STORE`.
 */
export async function authenticate(
  sent: MacAuthorization,
  text: string,
  store: CredentialStore,
  known: KnownCredentials,
): Promise<KnownCredential> {
  const { credential, version } = await store.lookUp(sent.id)
  const { algorithm, key: written } = credential ?? DECOY
  const key = prepareKey(algorithm, written)
  const right = macsAreEqual(sent.mac, key(text))
  const shown = JSON.stringify(sent.id)
  if (credential === null) {
    known.forget(sent.id)
    throw new MacError('ERR_MAC_UNKNOWN_IDENTIFIER', `There is no credential ${shown}.`)
  }
  // A key that was replaced must not be taken for right once more, not even up to the nonce.
  if (known.get(sent.id)?.credential.key !== written) known.forget(sent.id)
  if (!right) throw new MacError('ERR_MAC_MISMATCH', `The MAC of credential ${shown} is wrong.`)
  if (credential.revoked !== null) {
    known.forget(sent.id)
    throw new MacError('ERR_MAC_REVOKED', `The credential ${shown} was revoked.`)
  }
  const found = { credential, key, version }
  known.keep(found)
  return found
}
