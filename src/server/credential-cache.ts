import { BoundedMap } from '../bounded-map.ts'
import { type PreparedKey, prepareKey } from '../protocol/hmac.ts'
import type { MacAlgorithm } from '../protocol/signature.ts'
import type { LookUp, StoredCredential } from '../store/types.ts'

/** One key of a credential that has signed a request, ready for use. */
export interface CredentialKey {
  readonly credential: StoredCredential
  /** The version of the credentials table when it was read. */
  readonly version: number
  /** The MAC key as it is written. */
  readonly macKey: string
  readonly algorithm: MacAlgorithm
  /** Which of the credential's keys it is: 1 for the first. */
  readonly number: number
  /** When its grace period ends; `null` if it is valid as long as the credential. */
  readonly until: number | null
  /** Computes the MAC of a request string. */
  readonly computeMac: PreparedKey
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
  // Both keys share the time at which an address was last read: it belongs to the credential.
  const asked = { at: 0 }
  const old = oldKey && {
    credential,
    version,
    macKey: oldKey.key,
    algorithm: oldKey.algorithm,
    number: keyNumber - 1,
    until: oldKey.until,
    computeMac: prepareKey(oldKey.algorithm, oldKey.key),
    asked,
  }
  const current = {
    credential,
    version,
    macKey: key,
    algorithm,
    number: keyNumber,
    until: null,
    computeMac: prepareKey(algorithm, key),
    asked,
  }
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
