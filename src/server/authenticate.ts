import { randomBytes } from 'node:crypto'
import type { MacErrorCode } from '../error-codes.ts'
import { MacError } from '../errors.ts'
import { type PreparedKey, prepareKey } from '../protocol/hmac.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import { macsAreEqual } from '../protocol/signature.ts'
import type { CredentialStore, Deadline, FoundKey, StoredCredential } from '../store/types.ts'
import {
  type CredentialCache,
  type CredentialKey,
  type CredentialKeys,
  credentialKeys,
} from './credential-cache.ts'

let made: PreparedKey | null = null

/**
 * Returns a key that stands in for the missing key of an unknown identifier, so that the work is the same. It
 * is made with the first request: while modules are loaded, Cloudflare Workers have no random bytes.
 */
function decoy(): PreparedKey {
  made ??= prepareKey('hmac-sha-256', randomBytes(32).toString('base64url'))
  return made
}

/**
 * Verifies the MAC with cached keys. Returns the matching key, or `null` if the store must decide. Unless
 * the current key matches, it always computes two MACs, so timing does not reveal whether the credential
 * exists, or has an old key.
 *
 * @param signedTexts The normalized request strings that may have been signed: see `textsOf`.
 */
export function verifyCached(
  { id, mac }: MacAuthorization,
  signedTexts: readonly string[],
  cache: CredentialCache,
): CredentialKey | null {
  const keys = cache.get(id)
  const tried = keys ?? cache.decoyFor(id)
  const other = decoy()
  if (isMacOver(mac, tried?.current.computeMac ?? other, signedTexts) && keys) {
    cache.used(keys.current)
    return keys.current
  }
  const old = tried?.old
  if (isMacOver(mac, old?.computeMac ?? other, signedTexts) && keys && old) {
    cache.used(old)
    return old
  }
  return null
}

/**
 * Verifies the MAC with the keys in the store. Returns the key that made it, with its credential, and caches
 * both.
 *
 * Only the keys are read first. So a wrong MAC costs the same work, and looks the same from outside, whether
 * the credential exists or not, and however much there is to read of it. The rest is read only if the MAC is
 * right.
 *
 * It does *not* check whether an old key's grace period has ended.
 *
 * @param signedTexts The normalized request strings that may have been signed: see `textsOf`.
 * @throws {@link MacError} `ERR_MAC_UNKNOWN_IDENTIFIER`, `ERR_MAC_MISMATCH`, `ERR_MAC_REVOKED`,
 *   `ERR_MAC_DISABLED`; `ERR_MAC_STORE`, `ERR_MAC_SEALED`.
 */
export async function verifyStored(
  { id, mac }: MacAuthorization,
  signedTexts: readonly string[],
  store: CredentialStore,
  cache: CredentialCache,
  deadline?: Deadline,
): Promise<CredentialKey> {
  const { current, old } = await store.lookUpKeys(id, deadline)
  const isCurrent = isMadeBy(current, mac, signedTexts)
  const isOld = isMadeBy(old, mac, signedTexts)
  // A key that was replaced must not count as right any more, not even until the nonce is recorded.
  if (!isSame(cache.get(id) ?? cache.decoyFor(id), current, old)) cache.forget(id)
  if (!isCurrent && !isOld) throw rejected(id, current.exists)
  return loadCredential({ id, mac }, signedTexts, store, cache, deadline)
}

/**
 * Reads the whole credential from the store, verifies the MAC with it, checks that it is neither revoked nor
 * disabled, and caches it. Call it only if the MAC was right before: how long it takes tells whether the
 * credential exists.
 *
 * @throws {@link MacError} as {@link verifyStored} does.
 */
export async function loadCredential(
  { id, mac }: Pick<MacAuthorization, 'id' | 'mac'>,
  signedTexts: readonly string[],
  store: CredentialStore,
  cache: CredentialCache,
  deadline?: Deadline,
): Promise<CredentialKey> {
  const { credential, version } = await store.lookUp(id, deadline)
  const keys = credential === null ? null : credentialKeys(credential, version)
  const found = [keys?.current, keys?.old].find(
    (key) => key && isMacOver(mac, key.computeMac, signedTexts),
  )
  const ended = credential === null ? null : endOf(credential)
  if (keys === null || !found || ended !== null) {
    cache.forget(id)
    throw found && ended !== null ? new MacError(...ended) : rejected(id, keys !== null)
  }
  cache.keep(keys)
  return found
}

/** Whether a key made a MAC. A decoy takes as long, and the result is `false`. */
function isMadeBy(
  { exists, macKey, algorithm }: FoundKey,
  mac: string,
  signedTexts: readonly string[],
): boolean {
  return isMacOver(mac, prepareKey(algorithm, macKey), signedTexts) && exists
}

/** Whether a key made a MAC over one of the texts. It always computes a MAC over each of them. */
function isMacOver(mac: string, computeMac: PreparedKey, signedTexts: readonly string[]): boolean {
  let isMade = false
  for (const text of signedTexts) isMade = macsAreEqual(mac, computeMac(text)) || isMade
  return isMade
}

function isSame(keys: CredentialKeys | undefined, current: FoundKey, old: FoundKey): boolean {
  return (
    keys?.current.macKey === current.macKey &&
    keys.old?.macKey === (old.exists ? old.macKey : undefined)
  )
}

function rejected(id: string, exists: boolean): MacError {
  const shown = JSON.stringify(id)
  const [unknown, mismatch] = [
    `There is no credential ${shown}.`,
    `The MAC of credential ${shown} is wrong.`,
  ]
  return exists
    ? new MacError('ERR_MAC_MISMATCH', mismatch)
    : new MacError('ERR_MAC_UNKNOWN_IDENTIFIER', unknown)
}

function endOf({ id, revoked, disabled }: StoredCredential): [MacErrorCode, string] | null {
  const shown = JSON.stringify(id)
  if (revoked !== null) return ['ERR_MAC_REVOKED', `The credential ${shown} was revoked.`]
  if (disabled === null) return null
  return ['ERR_MAC_DISABLED', `The credential ${shown} is disabled. enableCredential enables it.`]
}
