import { randomBytes } from 'node:crypto'
import { MacError, type MacErrorCode } from '../errors.ts'
import { macsAreEqual } from '../protocol/algorithm.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { type PreparedKey, prepareKey } from '../protocol/prepared-key.ts'
import type { CredentialStore, StoredCredential } from '../store/store.ts'
import { type KnownCredentials, type KnownKey, knownKeys } from './known-credentials.ts'

const DECOY_ALGORITHM = 'hmac-sha-256'
let made: { readonly text: string; readonly compute: PreparedKey } | null = null

/**
 * Stands in for the key that an unknown identifier lacks, so that the work is the same. It is made with
 * the first request: while modules are loaded, Cloudflare Workers have no random bytes.
 */
function decoy() {
  if (made !== null) return made
  const text = randomBytes(32).toString('base64url')
  made = { text, compute: prepareKey(DECOY_ALGORITHM, text) }
  return made
}

/**
 * The key that made the MAC, if it is remembered; `null` refuses nobody. Two MACs are computed before
 * that is said, also where there is no such credential, or none with an old key: how long this takes
 * must not tell.
 *
 * @param text The normalized request string.
 */
export function recognise(
  { id, mac }: MacAuthorization,
  text: string,
  known: KnownCredentials,
): KnownKey | null {
  const keys = known.get(id)
  const other = decoy().compute
  if (macsAreEqual(mac, (keys?.current.compute ?? other)(text)) && keys) {
    keys.used = true
    return keys.current
  }
  const old = keys?.old
  if (macsAreEqual(mac, (old?.compute ?? other)(text)) && keys && old) {
    keys.used = true
    return old
  }
  return null
}

/**
 * The key that made the MAC, with its credential as the store has it now; from here on both are
 * remembered. All ways to fail do the same work, and look the same from outside.
 *
 * It does *not* look at the end of an old key's grace.
 *
 * @param text The normalized request string.
 * @throws {@link MacError} `ERR_MAC_UNKNOWN_IDENTIFIER`, `ERR_MAC_MISMATCH`, `ERR_MAC_REVOKED`,
 *   `ERR_MAC_DISABLED`; `ERR_MAC_STORE`, `ERR_MAC_SEALED`.
 */
export async function authenticate(
  { id, mac }: MacAuthorization,
  text: string,
  store: CredentialStore,
  known: KnownCredentials,
): Promise<KnownKey> {
  const { credential, version } = await store.lookUp(id)
  const keys = credential === null ? null : knownKeys(credential, version)
  const isCurrent = macsAreEqual(mac, (keys?.current.compute ?? decoyKey())(text))
  const isOld = macsAreEqual(mac, (keys?.old?.compute ?? decoyKey())(text))
  const shown = JSON.stringify(id)
  if (credential === null || keys === null) {
    known.forget(id)
    throw new MacError('ERR_MAC_UNKNOWN_IDENTIFIER', `There is no credential ${shown}.`)
  }
  // A key that was replaced must not be taken for right once more, not even up to the nonce.
  if (!hasSameKeys(known.get(id)?.current.credential, credential)) known.forget(id)
  const found = isCurrent ? keys.current : isOld ? keys.old : null
  if (found === null) {
    throw new MacError('ERR_MAC_MISMATCH', `The MAC of credential ${shown} is wrong.`)
  }
  const ended = endOf(credential)
  if (ended !== null) {
    known.forget(id)
    throw new MacError(...ended)
  }
  known.keep(keys)
  return found
}

/** Made anew each time, since a true key is prepared as well. */
function decoyKey() {
  return prepareKey(DECOY_ALGORITHM, decoy().text)
}

function hasSameKeys(one: StoredCredential | undefined, other: StoredCredential): boolean {
  return one?.key === other.key && one.oldKey?.key === other.oldKey?.key
}

function endOf({ id, revoked, disabled }: StoredCredential): [MacErrorCode, string] | null {
  const shown = JSON.stringify(id)
  if (revoked !== null) return ['ERR_MAC_REVOKED', `The credential ${shown} was revoked.`]
  if (disabled === null) return null
  return ['ERR_MAC_DISABLED', `The credential ${shown} is disabled. enableCredential enables it.`]
}
