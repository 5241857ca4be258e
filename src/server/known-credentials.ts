import type { MacAlgorithm } from '../protocol/algorithm.ts'
import { type PreparedKey, prepareKey } from '../protocol/prepared-key.ts'
import type { LookUp, StoredCredential } from '../store/store.ts'

/** One key of a credential that has signed a request before. */
export interface KnownKey {
  readonly credential: StoredCredential
  /** The version of the credentials when it was looked up. */
  readonly version: number
  /** As it is written. */
  readonly text: string
  readonly algorithm: MacAlgorithm
  /** Which of the credential's keys. */
  readonly number: number
  /** The moment from which it is no longer valid; `null` where it is valid as long as the credential. */
  readonly until: number | null
  readonly compute: PreparedKey
}

/** All keys of a credential. */
export interface KnownKeys {
  readonly current: KnownKey
  /** The one before, whose grace may have ended. */
  readonly old: KnownKey | null
}

/** Prepares the keys of a credential. */
export function knownKeys(credential: StoredCredential, version: LookUp['version']): KnownKeys {
  const { key, algorithm, keyNumber, oldKey } = credential
  const whose = { credential, version }
  const old = oldKey && {
    ...whose,
    ...{ text: oldKey.key, algorithm: oldKey.algorithm, number: keyNumber - 1 },
    ...{ until: oldKey.until, compute: prepareKey(oldKey.algorithm, oldKey.key) },
  }
  const compute = prepareKey(algorithm, key)
  const current = { ...whose, text: key, algorithm, number: keyNumber, until: null, compute }
  return { current, old }
}

/** How many credentials are remembered. */
const MOST = 10_000

/**
 * Remembers credentials of which a key has made a right MAC, with their keys prepared, so that their
 * next request needs no look-up. Nobody else can get in here, so strangers cannot fill it.
 *
 * What is remembered is never relied on alone: it counts only where the store, as it records the
 * nonce, finds the credentials at the same version.
 */
export class KnownCredentials {
  readonly #known = new Map<string, KnownKeys>()

  get(id: string): KnownKeys | undefined {
    return this.#known.get(id)
  }

  keep(known: KnownKeys): void {
    const { id } = known.current.credential
    if (this.#known.size >= MOST && !this.#known.has(id)) {
      const [longest] = this.#known.keys()
      if (longest !== undefined) this.#known.delete(longest)
    }
    this.#known.set(id, known)
  }

  forget(id: string): void {
    this.#known.delete(id)
  }
}
