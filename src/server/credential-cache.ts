import { BoundedMap } from '../bounded-map.ts'
import { type MacAlgorithm, type PreparedKey, prepareKey } from '../protocol/signature.ts'
import type { LookUp, StoredCredential } from '../store/types.ts'

/** One key of a credential that has signed a request before. */
export interface CredentialKey {
  readonly credential: StoredCredential
  /** The version of the credentials when it was looked up. */
  readonly version: number
  /** As it is written. */
  readonly text: string
  readonly algorithm: MacAlgorithm
  /** Which of the credential's keys. */
  readonly number: number
  /** The moment from which it is no longer valid; `null` if it is valid as long as the credential. */
  readonly until: number | null
  readonly compute: PreparedKey
  /** When the address of one of the credential's requests was last asked for, in milliseconds since 1970. */
  readonly asked: { at: number }
}

/** All keys of a credential. */
export interface CredentialKeys {
  readonly current: CredentialKey
  /** The one before, whose grace may have ended. */
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

/** How many credentials are cached: the half that signed last in any case. */
const MOST = 20_000
/** How many of them can be decoys. */
const DECOYS = 1024

/**
 * Caches credentials of which a key has made a right MAC, with their keys prepared, so that their next
 * request needs no look-up. Strangers cannot fill it, since nothing else gets in. If there are too many,
 * those go whose last right MAC was the longest ago.
 *
 * The cache is never relied on alone: it counts only if the store, as it records the nonce, finds the
 * credentials at the same version.
 */
export class CredentialCache {
  readonly #credentials = new BoundedMap<string, CredentialKeys>(MOST)
  /** Those that were cached last. They may be forgotten since. */
  readonly #decoys: CredentialKeys[] = []
  #kept = 0

  /** The keys of a credential. That does not count as its use: anybody can name it. */
  get(id: string): CredentialKeys | undefined {
    return this.#credentials.peek(id)
  }

  has(id: string): boolean {
    return this.#credentials.has(id)
  }

  /** Counts a right MAC as use of the credential, so that it stays. */
  used({ credential }: CredentialKey): void {
    this.#credentials.get(credential.id)
  }

  /**
   * The keys of another credential, to do the same work with if this one is not cached: what nobody
   * used for a while is slow to get at, and fixed decoys would show by their speed. Always the same for
   * one identifier, as its own would be; `undefined` if none was cached yet.
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
