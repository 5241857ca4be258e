import { randomBytes } from 'node:crypto'
import { BoundedMap } from '../bounded-map.ts'
import { MacError, type MacErrorCode } from '../errors.ts'
import type { MacAuthorization } from '../protocol/parameters.ts'
import {
  type MacAlgorithm,
  macsAreEqual,
  type PreparedKey,
  prepareKey,
} from '../protocol/signature.ts'
import type { CredentialStore, FoundKey, LookUp, StoredCredential } from '../store/types.ts'

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
 * @param text The normalized request string.
 */
export function verifyCached(
  { id, mac }: MacAuthorization,
  text: string,
  cache: CredentialCache,
): CredentialKey | null {
  const keys = cache.get(id)
  const tried = keys ?? cache.decoyFor(id)
  const other = decoy()
  if (macsAreEqual(mac, (tried?.current.compute ?? other)(text)) && keys) {
    cache.used(keys.current)
    return keys.current
  }
  const old = tried?.old
  if (macsAreEqual(mac, (old?.compute ?? other)(text)) && keys && old) {
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
 * @param text The normalized request string.
 * @throws {@link MacError} `ERR_MAC_UNKNOWN_IDENTIFIER`, `ERR_MAC_MISMATCH`, `ERR_MAC_REVOKED`,
 *   `ERR_MAC_DISABLED`; `ERR_MAC_STORE`, `ERR_MAC_SEALED`.
 */
export async function authenticate(
  { id, mac }: MacAuthorization,
  text: string,
  store: CredentialStore,
  cache: CredentialCache,
): Promise<CredentialKey> {
  const { current, old } = await store.lookUpKeys(id)
  const isCurrent = isMadeBy(current, mac, text)
  const isOld = isMadeBy(old, mac, text)
  // A key that was replaced must not count as right any more, not even until the nonce is recorded.
  if (!isSame(cache.get(id) ?? cache.decoyFor(id), current, old)) cache.forget(id)
  if (!isCurrent && !isOld) throw rejected(id, current.exists)
  return authenticateAgain({ id, mac }, text, store, cache)
}

/**
 * The same for a request whose MAC was right before. Its credential may have changed since then, so the MAC
 * is verified once more, with a credential that is read in one go.
 */
export async function authenticateAgain(
  { id, mac }: Pick<MacAuthorization, 'id' | 'mac'>,
  text: string,
  store: CredentialStore,
  cache: CredentialCache,
): Promise<CredentialKey> {
  const { credential, version } = await store.lookUp(id)
  const keys = credential === null ? null : credentialKeys(credential, version)
  const found = [keys?.current, keys?.old].find(
    (key) => key && macsAreEqual(mac, key.compute(text)),
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
function isMadeBy({ exists, text: key, algorithm }: FoundKey, mac: string, text: string): boolean {
  return macsAreEqual(mac, prepareKey(algorithm, key)(text)) && exists
}

function isSame(keys: CredentialKeys | undefined, current: FoundKey, old: FoundKey): boolean {
  return (
    keys?.current.text === current.text && keys.old?.text === (old.exists ? old.text : undefined)
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

/** One key of a credential that has signed a request, ready for use. */
export interface CredentialKey {
  readonly credential: StoredCredential
  /** The version of the credentials table when it was read. */
  readonly version: number
  /** The key as it is written. */
  readonly text: string
  readonly algorithm: MacAlgorithm
  /** Which of the credential's keys it is: 1 for the first. */
  readonly number: number
  /** When its grace period ends; `null` if it is valid as long as the credential. */
  readonly until: number | null
  readonly compute: PreparedKey
  /** When the address of one of the credential's requests was last read, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** All keys of a credential. */
export interface CredentialKeys {
  readonly current: CredentialKey
  /** The one before, whose grace period may have ended. */
  readonly old: CredentialKey | null
}

/** Prepares the keys of a credential. */
export function credentialKeys(
  credential: StoredCredential,
  version: LookUp['version'],
): CredentialKeys {
  const { key, algorithm, keyNumber, oldKey } = credential
  const whose = { credential, version, asked: { at: 0 } }
  const old = oldKey && {
    ...whose,
    ...{ text: oldKey.key, algorithm: oldKey.algorithm, number: keyNumber - 1 },
    ...{ until: oldKey.until, compute: prepareKey(oldKey.algorithm, oldKey.key) },
  }
  const compute = prepareKey(algorithm, key)
  const current = { ...whose, text: key, algorithm, number: keyNumber, until: null, compute }
  return { current, old }
}

/** How many credentials are cached at most. The half that signed last is always among them. */
const MOST = 20_000
/** How many of them serve as decoys. */
const DECOYS = 1024

/**
 * Caches credentials that have made a right MAC, with their keys prepared, so that their next request needs no
 * look-up. Strangers cannot fill it, since nothing else is added. If there are too many, those are removed
 * whose last right MAC is the longest ago.
 *
 * The cache is never relied on alone: it counts only if the store, when it records the nonce, finds the
 * credentials at the same version.
 */
export class CredentialCache {
  readonly #credentials = new BoundedMap<string, CredentialKeys>(MOST)
  /** Those that were cached last. They may have been removed from the cache since. */
  readonly #decoys: CredentialKeys[] = []
  #kept = 0

  /** Returns the keys of a credential. This does not count as its use, since anybody can name it. */
  get(id: string): CredentialKeys | undefined {
    return this.#credentials.peek(id)
  }

  has(id: string): boolean {
    return this.#credentials.has(id)
  }

  /** Counts a right MAC as a use of the credential, so that it stays cached. */
  used({ credential }: CredentialKey): void {
    this.#credentials.get(credential.id)
  }

  /**
   * Returns the keys of another credential, to do the same work with if this one is not cached. Memory that
   * was not used for a while is slow to read, so fixed decoys would show by their speed. It is always the same
   * for one identifier, as its own keys would be; `undefined` if nothing is cached yet.
   */
  decoyFor(id: string): CredentialKeys | undefined {
    let sum = 0
    for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) | 0
    return this.#decoys[(sum >>> 0) % this.#decoys.length]
  }

  keep(keys: CredentialKeys): void {
    this.#decoys[this.#kept++ % DECOYS] = keys
    this.#credentials.set(keys.current.credential.id, keys)
  }

  forget(id: string): void {
    this.#credentials.delete(id)
  }
}
